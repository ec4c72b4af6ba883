import { posix } from 'node:path';
import type { RefusedWrite } from '../../contract/index.ts';

/** The kernel's words for EROFS (strerror(3)), its name, and how MariaDB and others number it. */
const SIGN = /Read-only file ?system|\bEROFS\b|\bErrcode: 30\b|\berrno[ :=]+30\b|\(30: /i;
/** Longer lines are cut: a container writes what it likes. */
const LONGEST_LINE = 4096;
const MOST_LINES = 1_000_000;
const MOST_REFUSALS = 1000;

/**
 * Finds writes that failed on a read-only filesystem by what a container said about them, as many programs name
 * the path in their error. In time that grows with the output's length alone.
 *
 * @param at time that the refusals get, ISO 8601; a line that begins with a time of its own keeps that
 */
export function findRefusals(output: string, at: string): RefusedWrite[] {
  const found = new Map<string, RefusedWrite>();
  let start = 0;
  for (let lines = 0; start < output.length && lines < MOST_LINES; lines++) {
    const newline = output.indexOf('\n', start);
    const end = newline === -1 ? output.length : newline;
    const line = output.slice(start, Math.min(end, start + LONGEST_LINE));
    start = end + 1;
    if (!SIGN.test(line)) continue;
    const path = pathIn(line);
    const key = path ?? line.replace(TIME, '');
    if (found.has(key)) continue;
    if (found.size >= MOST_REFUSALS) break;
    const time = TIME.exec(line)?.[1];
    found.set(key, {
      path,
      call:
        /^\W*(?:.{0,200}\s)?(openat2?|open|mkdir|unlink|rename|chown|chmod|bind|symlink)\(\)/.exec(
          line,
        )?.[1] ?? null,
      command: null,
      pid: null,
      at: time === undefined ? at : new Date(time).toISOString(),
      seenBy: 'output',
    });
  }
  return [...found.values()];
}

/** What an engine writes before a line when it is asked for times. */
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)\s/;
/** In quotation marks of any kind; what stands in them may hold blanks. */
const QUOTED = /["'`‘“]((?:\/[^"'`’”]*))["'`’”]/g;
const BARE = /(?:^|[\s(=:,[])(\/[^\s"'`,;:()[\]]+)/g;

/** The path nearest before the error's words, or else the first after them: messages put it on either side. */
function pathIn(line: string): string | null {
  const at = SIGN.exec(line)?.index ?? 0;
  const candidates = [...matches(QUOTED, line), ...matches(BARE, line)];
  const before = candidates.filter(({ index }) => index < at).sort((a, b) => b.index - a.index);
  const after = candidates.filter(({ index }) => index >= at).sort((a, b) => a.index - b.index);
  return (before[0] ?? after[0])?.path ?? null;
}

function matches(pattern: RegExp, line: string): { path: string; index: number }[] {
  return [...line.matchAll(pattern)].flatMap((match) => {
    const path = posix.normalize((match[1] ?? '').replace(/(?<=.)[/.]+$/, ''));
    return path.length > 1 ? [{ path, index: match.index }] : [];
  });
}
