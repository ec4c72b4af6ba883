import { fstatSync, openSync } from 'node:fs';
import { systemErrorCode } from '../../kernel/index.ts';
import { closeDescriptor, pathOfFd } from '../../linux/index.ts';

/** Steps up that fit into one path. */
const HOP = 1024;
/** Together more steps than a path of 65,536 names. */
const MAX_HOPS = 64;

/** Where an open file lies, one character a byte; null when that is longer than the kernel prints (4,096 bytes). */
export function printedPath(fd: number): string | null {
  try {
    return pathOfFd(fd).toString('latin1');
  } catch (error) {
    if (systemErrorCode(error) === 'ENAMETOOLONG') return null;
    throw error;
  }
}

/**
 * Path of the nearest directory above one whose own path is not printed; null when it was removed. A container
 * can make such directories ten thousand deep, so it is searched for, not climbed to.
 */
export function nearestPrintedPath(directory: number): string | null {
  if (fstatSync(directory).nlink === 0) return null;
  let base = directory;
  try {
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      const higher = openAbove(base, HOP);
      if (higher === null) return null;
      const printed = printedPath(higher);
      if (printed === null) {
        if (base !== directory) closeDescriptor(base);
        base = higher;
        continue;
      }
      closeDescriptor(higher);
      return search(base, printed);
    }
    return null;
  } finally {
    if (base !== directory) closeDescriptor(base);
  }
}

/** The path the fewest steps above `base`, of which one hop is known to be enough. */
function search(base: number, atHop: string): string | null {
  let [unprinted, enough, path] = [0, HOP, atHop];
  while (enough - unprinted > 1) {
    const middle = (unprinted + enough) >> 1;
    const fd = openAbove(base, middle);
    if (fd === null) return null;
    const printed = printedPath(fd);
    closeDescriptor(fd);
    if (printed === null) unprinted = middle;
    else [enough, path] = [middle, printed];
  }
  return path;
}

function openAbove(fd: number, steps: number): number | null {
  try {
    return openSync(`/proc/self/fd/${fd}/${'../'.repeat(steps)}`, 'r');
  } catch {
    return null;
  }
}
