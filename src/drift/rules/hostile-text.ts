import { isText, textOf } from '../content.ts';
import type { Rule } from '../rule.ts';
import { hasExecuteBit, isElf, scriptLanguage } from '../runnable.ts';
import { fetchAndRun, minerMark, reconMark, reverseShell } from '../script-text.ts';
import type { Subject } from '../subject.ts';

/** The text of a script, or of a text file that may be executed; null for anything else. */
function scriptText(subject: Subject): string | null {
  const { content } = subject;
  if (content === undefined || isElf(subject) || !isText(content)) return null;
  return scriptLanguage(subject) !== null || hasExecuteBit(subject) ? textOf(content) : null;
}

/** What scripts say that only attackers' scripts say. */
export const hostileTextRules: readonly Rule[] = [
  {
    id: 'reverse-shell',
    title: 'Reverse shell',
    severity: 'critical',
    attack: ['T1059.004', 'T1095'],
    explanation:
      'A script ties a shell to a network connection: /dev/tcp, netcat, socat, or a socket made a shell’s input and output.',
    match(subject) {
      const text = scriptText(subject);
      const does = text === null ? null : reverseShell(text);
      return does === null ? null : `This script ${does}.`;
    },
  },
  {
    id: 'cryptominer',
    title: 'Cryptominer',
    severity: 'critical',
    attack: ['T1496'],
    explanation: 'Names of miners, pools and their protocol, in scripts, programs and configuration.',
    match(subject) {
      if (subject.content === undefined || subject.change.after?.type !== 'file') return null;
      const mark = minerMark(textOf(subject.content));
      return mark === undefined ? null : `It holds “${mark}”, which belongs to mining software.`;
    },
  },
  {
    id: 'download-and-run',
    title: 'Script that downloads and runs',
    severity: 'high',
    attack: ['T1105', 'T1059.004'],
    explanation: 'A script pipes a download into an interpreter, evaluates it, or makes it executable.',
    match(subject) {
      const text = scriptText(subject);
      const does = text === null ? null : fetchAndRun(text);
      return does === null ? null : `This script ${does}.`;
    },
  },
  {
    id: 'reconnaissance-script',
    title: 'Reconnaissance script',
    severity: 'high',
    attack: ['T1082', 'T1083', 'T1613'],
    explanation:
      'A script that is known to look for ways to more rights or out of the container, or that searches for setuid programs.',
    match(subject) {
      const text = scriptText(subject);
      const mark = text === null ? undefined : reconMark(text);
      return mark === undefined
        ? null
        : `This script carries “${mark}”, as tools do that look for ways to more rights.`;
    },
  },
];
