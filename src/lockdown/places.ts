/** Places of a container's root directory: those that can be covered, and those that the user allows. */

import { PristineError } from '../kernel/index.ts';
import type { MountPoint } from '../linux/index.ts';
import { SafeDirectory } from '../linux/index.ts';
import { isBelow, isOverItself, rootOf } from './plan.ts';

/** Each cover is a mount; a hostile root directory may hold millions of names. */
const MOST_COVERS = 256;

export interface Coverable {
  readonly covers: readonly string[];
  /** How many directories and files are left uncovered, because there are too many. */
  readonly beyond: number;
}

/** Directories and files of the root directory that lie on the root mount itself and are not allowed. */
export function coverable(root: string, mounts: readonly MountPoint[], allow: readonly string[]): Coverable {
  using directory = SafeDirectory.openTrusted(root);
  const mountPoints = new Set(mounts.map(({ path }) => path));
  const covers: string[] = [];
  let beyond = 0;
  for (const name of directory.names()) {
    const path = `/${name}`;
    if (mountPoints.has(path) || isBelow(path, allow)) continue;
    if (covers.length >= MOST_COVERS) beyond++;
    else if (['dir', 'file'].includes(directory.stat(name)?.type ?? '')) covers.push(path);
  }
  return { covers, beyond };
}

/** The mount that a path lies on: the last made of those nearest above it. */
export function mountAt(mounts: readonly MountPoint[], path: string): MountPoint | undefined {
  const above = mounts.filter((mount) => isBelow(path, [mount.path]));
  const nearest = Math.max(...above.map((mount) => mount.path.length));
  return above.findLast((mount) => mount.path.length === nearest);
}

/** Allowed paths that need a writable mount of their own, as the mount that they lie on is, or becomes, read-only. */
export function lackingOwnMount(mounts: readonly MountPoint[], allow: readonly string[]) {
  const root = rootOf(mounts);
  return allow.flatMap((path) => {
    const mount = mountAt(mounts, path);
    if (root === undefined || mount === undefined || mount.device !== root.device) return [];
    if (mount.path === path && isOverItself(mount, root) && !mount.readOnly) return [];
    return [{ path, mount: mount.id }];
  });
}

/**
 * Checks that allowed paths are there, and are reached without a link.
 *
 * @throws {PristineError} E_NO_SUCH_PATH, E_UNSAFE_PATH
 */
export function checkAllowed(root: string, allow: readonly string[]): void {
  using directory = SafeDirectory.openTrusted(root);
  for (const path of allow) {
    const slash = path.lastIndexOf('/');
    using parent = directory.openDirectory(path.slice(1, Math.max(slash, 1)));
    const found = parent?.stat(path.slice(slash + 1)) ?? null;
    if (found === null) {
      throw new PristineError('E_NO_SUCH_PATH', `${path} is not in the container, or behind a link`, {
        next: 'Allow an absolute path that exists and is spelled without symbolic links.',
      });
    }
    if (found.type === 'symlink') {
      throw new PristineError('E_UNSAFE_PATH', `${path} is a symbolic link`, {
        next: 'Allow the path that the link leads to.',
      });
    }
  }
}
