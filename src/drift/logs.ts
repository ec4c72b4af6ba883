import { physical } from './paths.ts';
import { isLog } from './places.ts';
import type { Subject } from './subject.ts';

/** Binary logs of log-ins; rewritten in place, so that their size says little. */
const LOGIN_RECORDS = ['/var/log/wtmp', '/var/log/btmp', '/var/log/lastlog', '/var/log/faillog', '/run/utmp'];

/**
 * How a log lost lines that it has in the image, as the end of a sentence; null when it did not: removed, made
 * smaller without a rotated copy, or put somewhere where nothing is kept.
 */
export function lostLines({ change, rotatedTo }: Subject): string | null {
  const path = physical(change.path);
  if (!isLog(path) && !LOGIN_RECORDS.includes(path)) return null;
  const { before, after } = change;
  if (after?.type === 'symlink' && after.target === '/dev/null')
    return 'leads to /dev/null, so that nothing is kept';
  if (before?.type !== 'file' || before.size === 0 || rotatedTo !== undefined) return null;
  if (after === null) return 'was deleted';
  if (after.type !== 'file') return `was replaced by a ${after.type}`;
  return after.size < before.size ? `shrank from ${before.size} to ${after.size} bytes` : null;
}

/** Names that a rotation of this log gives its predecessor, in the schemes of logrotate and of the servers themselves. */
export function rotatedNames(path: string): string[] {
  return ['.1', '.1.gz', '.1.xz', '.1.zst', '.0', '.0.gz', '.old'].map((ending) => `${path}${ending}`);
}
