import type { LockReport, UnlockReport } from '../../app/index.ts';
import { count } from './human.ts';
import type { Output } from './output.ts';

type Holder = LockReport['held'][number];

const HOW: Record<Holder['how'], string> = {
  descriptor: 'has it open for writing, and goes on writing to it',
  mapping: 'has it mapped into memory for writing, and goes on writing to it',
  directory: 'is in this directory or has it open: by relative paths it writes below it',
};

/** What a lock has come to, and what it leaves open. */
export function printLock(out: Output, report: LockReport): void {
  const { container, state, method, held, writable, warnings } = report;
  if (state === 'locked')
    out.line({ text: container.name, style: 'bold' }, ' is ', { text: 'read-only', style: 'green' });
  else
    out.line({ text: container.name, style: 'bold' }, ' is ', { text: 'read-only in part', style: 'yellow' });
  if (method === 'covers') {
    out.line(`  ${count(report.readOnly.length, 'path')} read-only, each by itself`);
  }
  const unintended = writable.filter(({ intended }) => !intended);
  if (held.length + unintended.length > 0) {
    out.line();
    out.line('not locked:');
    for (const { path, because } of unintended) out.line('  ', { text: path, style: 'red' }, `  ${because}`);
    for (const { path, pid, exe, how } of held) {
      out.line('  ', { text: path, style: 'red' }, `  pid ${pid} (${exe ?? 'program unknown'}) ${HOW[how]}`);
    }
  }
  const intended = writable.filter((place) => place.intended);
  if (intended.length > 0) {
    out.line();
    out.line('stays writable:');
    for (const { path, because } of intended) out.line(`  ${path}  ${because}`);
  }
  if (warnings.length > 0) out.line();
  for (const warning of warnings) out.line({ text: warning, style: 'yellow' });
}

export function printUnlock(out: Output, { container, state, undone, failed }: UnlockReport): void {
  const name = { text: container.name, style: 'bold' } as const;
  if (state === 'gone') {
    out.line(name, ' was restarted or stopped since it was locked: there is nothing to undo');
  } else if (state === 'not-locked') out.line(name, ' is not locked');
  else out.line(name, ` is unlocked: ${count(undone.length, 'mount')} as before`);
  for (const failure of failed) out.line({ text: 'not undone', style: 'red' }, `  ${failure}`);
}
