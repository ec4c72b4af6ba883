import { lostLines } from '../logs.ts';
import { deception, hiddenSegment, isOddlyHidden } from '../names.ts';
import { baseName } from '../paths.ts';
import type { Rule } from '../rule.ts';
import { runnable } from '../runnable.ts';
import type { Subject } from '../subject.ts';
import { contentDiffers } from './shared.ts';

const HISTORIES =
  /\/\.(?:bash|zsh|ash|sh|ksh|python|mysql|psql|sqlite|node_repl|rediscli|mariadb|mongo|irb|less)_?(?:history|hst)$|\/\.histfile$|\/fish_history$/;

const DAY = 86_400;

function seconds(timestamp: string | undefined): number | null {
  return timestamp === undefined ? null : Number(timestamp);
}

/** Whether a file's modification time lies more than a day before it came to be. */
function isBackdated({ change: { after, renamedFrom } }: Subject): boolean {
  if (after?.type !== 'file' || renamedFrom !== undefined) return false;
  const modified = seconds(after.mtime);
  const came = seconds(after.birth ?? after.ctime);
  return modified !== null && came !== null && came - modified > DAY;
}

/** What covers traces, and what hides. */
export const traceRules: readonly Rule[] = [
  {
    id: 'log-lost-lines',
    title: 'Log truncated, deleted or diverted',
    severity: 'medium',
    attack: ['T1070.002'],
    explanation:
      'A log holds less than in the image, is gone, or is a link to /dev/null. Rotation, which leaves a copy beside it, is no loss.',
    match(subject) {
      const lost = lostLines(subject);
      return lost === null ? null : `The log ${lost}, so what it said can no longer be read.`;
    },
  },
  {
    id: 'shell-history-cleared',
    title: 'Shell history cleared',
    severity: 'high',
    attack: ['T1070.003'],
    explanation: 'A history of commands was deleted, emptied or led to /dev/null.',
    match({ change: { path, kind, before, after } }) {
      if (!HISTORIES.test(path)) return null;
      if (kind === 'D') return 'The history of commands was deleted.';
      if (after?.type === 'symlink')
        return 'The history of commands is led elsewhere, so that nothing is kept.';
      if (before !== null && after !== null && after.size < before.size)
        return 'The history of commands was shortened.';
      return null;
    },
  },
  {
    id: 'shell-history',
    title: 'Someone worked in a shell',
    severity: 'low',
    attack: ['T1059.004'],
    explanation: 'An interactive shell or client wrote its history: someone worked in the container by hand.',
    match({ change: { path, before, after } }) {
      if (!HISTORIES.test(path) || after?.type !== 'file' || after.size < (before?.size ?? 0)) return null;
      return 'An interactive program wrote its history, so someone worked in the container by hand.';
    },
  },
  {
    id: 'hidden-name',
    title: 'Hidden file or directory',
    severity: 'medium',
    attack: ['T1564.001'],
    explanation:
      'A name with a leading dot where no configuration is kept that way: temporary, system, web and data folders.',
    match({ change: { path, kind } }) {
      if (kind !== 'A' || !isOddlyHidden(path)) return null;
      return `The name ${JSON.stringify(hiddenSegment(path))} hides it from plain listings.`;
    },
  },
  {
    id: 'deceptive-name',
    title: 'Deceptive name',
    severity: 'high',
    attack: ['T1036', 'T1564.001'],
    explanation:
      'A name of dots or spaces, with control, invisible or direction-changing characters, or that is not UTF-8, made to be overlooked or misread.',
    match({ change: { path, kind } }) {
      const how = kind === 'A' ? deception(path) : null;
      return how === null ? null : `Its name ${how}.`;
    },
  },
  {
    id: 'modification-time-kept',
    title: 'Changed, but not by its time',
    severity: 'high',
    attack: ['T1070.006'],
    explanation:
      'The content of a file of the image differs, but its modification time is the image’s or earlier: it was set back. Installing over a file with an older archive does the same.',
    match(subject) {
      const { before, after } = subject.change;
      if (!contentDiffers(subject) || before === null || after?.type !== 'file') return null;
      // A backup copy (passwd-, x~) has the time of what it is a copy of.
      if (/[-~]$/.test(subject.change.path)) return null;
      if (
        subject.change.renamedFrom !== undefined ||
        (seconds(after.mtime) ?? 0) > (seconds(before.mtime) ?? 0)
      )
        return null;
      return 'Its content was changed, but its modification time was set back to hide that.';
    },
  },
  {
    id: 'backdated-code',
    title: 'Backdated code',
    severity: 'medium',
    attack: ['T1070.006'],
    explanation:
      'An added program or script claims to be older than its arrival. Archives and cp -p keep times as well, so this supports other findings.',
    match(subject) {
      if (subject.change.kind !== 'A' || runnable(subject) === null || !isBackdated(subject)) return null;
      return 'It claims to have been modified more than a day before it appeared.';
    },
  },
  {
    id: 'backdated-file',
    title: 'Backdated file',
    severity: 'low',
    attack: ['T1070.006'],
    explanation:
      'An added data file claims a whole-second time long before its arrival, as touch(1) sets. Archives do so too.',
    match(subject) {
      const { kind, after } = subject.change;
      if (kind !== 'A' || runnable(subject) !== null || !isBackdated(subject)) return null;
      if (after === null || !after.mtime.endsWith('.000000000') || baseName(subject.change.path) === '')
        return null;
      return 'It claims a whole-second modification time more than a day before it appeared.';
    },
  },
];
