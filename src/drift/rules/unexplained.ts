import { isText } from '../content.ts';
import type { Rule } from '../rule.ts';
import type { Subject } from '../subject.ts';
import { whatHappened } from './shared.ts';

function isUnknownBinary({ content, change }: Subject): boolean {
  return (
    change.after?.type === 'file' && content !== undefined && content.bytes.length > 0 && !isText(content)
  );
}

/** What remains when no other rule speaks and nothing explains the change: nothing is ignored in silence. */
export const unexplainedRules: readonly Rule[] = [
  {
    id: 'unexplained-binary',
    title: 'Unexplained binary data',
    severity: 'medium',
    attack: ['T1105'],
    explanation:
      'A file with binary content that the image does not have, in a place where none is expected.',
    fallback: true,
    match(subject) {
      if (!isUnknownBinary(subject)) return null;
      return `A file with unknown binary content ${whatHappened(subject)}, and nothing explains it.`;
    },
  },
  {
    id: 'unexplained-drift',
    title: 'Unexplained change',
    severity: 'low',
    attack: [],
    explanation:
      'A change that no other rule knows and no policy explains. Allow it, keep it in a volume or tmpfs, or make it part of the image.',
    fallback: true,
    match(subject) {
      return isUnknownBinary(subject) ? null : `It ${whatHappened(subject)}, and nothing explains it.`;
    },
  },
];
