import { folderOf, physical } from '../paths.ts';
import type { Rule } from '../rule.ts';
import type { Subject } from '../subject.ts';

/** Whether a regular file of the image has other content now, or something else is in its place. */
export function contentDiffers({ change: { kind, differs, before, after } }: Subject): boolean {
  if (kind !== 'C' || before?.type !== 'file' || after === null) return false;
  return after.type !== 'file' || differs.includes('content') || differs.includes('size');
}

/** Whether what is at the path was added, replaced, changed or deleted, and not only a directory touched. */
export function isTouched({ change }: Subject): boolean {
  const { after, before, kind, differs } = change;
  if (after?.type === 'dir' && (kind === 'A' || before?.type === 'dir')) {
    return kind !== 'A' && differs.some((attribute) => attribute === 'mode' || attribute === 'owner');
  }
  return true;
}

/** `added`, `changed` or `deleted`, for sentences. */
export function whatHappened({ change: { kind } }: Subject): string {
  if (kind === 'A') return 'was added';
  return kind === 'D' ? 'was deleted' : 'was changed';
}

/** What a rule about places says: these files, or everything below these folders, or names of this form. */
export interface PlaceRule extends Omit<Rule, 'match'> {
  readonly files?: readonly string[];
  readonly folders?: readonly string[];
  /** Tested against the path; bounded. */
  readonly pattern?: RegExp;
  readonly except?: RegExp;
  /** What the place is, as the subject of a sentence. */
  readonly what: string;
  /** Why a change of it matters, after “so” or “which”. */
  readonly because: string;
}

/** A rule that fires on whatever happens at certain places. */
export function placeRule({ files, folders, pattern, except, what, because, ...rule }: PlaceRule): Rule {
  return {
    ...rule,
    match(subject) {
      const path = physical(subject.change.path);
      const isPlace =
        files?.includes(path) === true ||
        (folders !== undefined && folderOf(path, folders) !== undefined) ||
        pattern?.test(path) === true;
      if (!isPlace || except?.test(path) === true || !isTouched(subject)) return null;
      return `${what} ${whatHappened(subject)}, ${because}.`;
    },
  };
}
