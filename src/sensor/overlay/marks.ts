import { lstatSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { WatchTarget } from '../../contract/index.ts';
import type { FileStatus, SafeDirectory } from '../../linux/index.ts';

/**
 * The extended attributes that overlayfs keeps for itself (Documentation/filesystems/overlayfs.rst). Which
 * namespace it uses matters: on an ordinary mount the container may set `user.overlay.*` as it likes, and
 * they mean nothing.
 */
export type MarkPrefix = 'trusted.overlay.' | 'user.overlay.';

/** The namespace that a container's mount uses: `user.overlay.` under a rootless engine (`userxattr`). */
export function markPrefix(target: Pick<WatchTarget, 'pid' | 'overlay'>): MarkPrefix {
  const upper = target.overlay?.upper ?? '';
  const options = target.pid === null ? null : mountOptions(target.pid, upper);
  if (options !== null) return options.includes('userxattr') ? 'user.overlay.' : 'trusted.overlay.';
  return isRootless(upper) ? 'user.overlay.' : 'trusted.overlay.';
}

/** Options of the overlay with this upper layer, as a process sees it (proc_pid_mountinfo(5)). */
function mountOptions(pid: number, upper: string): string[] | null {
  try {
    for (const line of readFileSync(`/proc/${pid}/mountinfo`, 'latin1').split('\n')) {
      const options = line.split(' - ')[1]?.split(' ')[2]?.split(',') ?? [];
      if (options.includes(`upperdir=${upper}`)) return options;
    }
  } catch {
    // The process has ended.
  }
  return null;
}

/** Whether the folder that holds the layer, which no container reaches, belongs to somebody else than root. */
function isRootless(upper: string): boolean {
  try {
    return lstatSync(dirname(upper)).uid !== 0;
  } catch {
    return false;
  }
}

/** A directory that hides everything below it: `y`, or `x`, which also announces whiteouts by attribute. */
export function opaqueMark(directory: SafeDirectory, name: string, names: string[], prefix: MarkPrefix) {
  if (!names.includes(`${prefix}opaque`)) return { opaque: false, xwhiteouts: false };
  const value = directory.xattr(name, `${prefix}opaque`)?.toString('latin1');
  return { opaque: value === 'y', xwhiteouts: value === 'x' };
}

/**
 * Whether an entry says "deleted here": a character device 0:0, or, in a directory that announces it, an
 * empty file with an attribute.
 */
export function isWhiteout(
  status: FileStatus,
  names: () => string[],
  prefix: MarkPrefix,
  xwhiteouts: boolean,
): boolean {
  if (status.type === 'char') return status.represents.major === 0 && status.represents.minor === 0;
  if (!xwhiteouts || status.type !== 'file' || status.size !== 0) return false;
  return names().includes(`${prefix}whiteout`);
}

/** Where the layers below have a renamed entry: an absolute path, or another name in the same directory. */
export function redirectMark(
  directory: SafeDirectory,
  name: string,
  names: string[],
  prefix: MarkPrefix,
): Buffer | null {
  // A mount with userxattr follows no redirects, so that they cannot be forged.
  if (prefix !== 'trusted.overlay.' || !names.includes(`${prefix}redirect`)) return null;
  return directory.xattr(name, `${prefix}redirect`);
}

/** Whether only attributes were copied up, so that the content is that of the layer below. */
export function isMetacopy(names: string[], prefix: MarkPrefix): boolean {
  return prefix === 'trusted.overlay.' && names.includes(`${prefix}metacopy`);
}
