import type { Change, WatchTarget } from '../../contract/index.ts';

/**
 * Empty files on which engines mount a program of their own (`docker run --init`, Podman's); in most images /sbin
 * is a link to /usr/sbin.
 */
const INIT_PROGRAMS = ['/sbin/docker-init', '/usr/sbin/docker-init', '/run/podman-init'];

/**
 * Marks what the engine made in the upper layer as a place to mount on: an empty file or a directory at a
 * mount's destination, and the directories above it, as the engine makes them (root's, 0755).
 */
export function markMountpoints(changes: readonly Change[], target: WatchTarget): void {
  const destinations = new Set([
    ...target.mounts.map((mount) => trimmed(mount.destination)),
    ...INIT_PROGRAMS,
  ]);
  const parents = new Set<string>();
  for (const destination of destinations) {
    for (let path = parentOf(destination); path !== ''; path = parentOf(path)) parents.add(path);
  }
  for (const change of changes) {
    if (change.kind !== 'A' || change.after === null) continue;
    const { type, size, mode, uid } = change.after;
    const atMount = destinations.has(change.path) && (type === 'dir' || (type === 'file' && size === 0));
    const aboveMount = parents.has(change.path) && type === 'dir' && uid === 0 && mode === 0o755;
    if (atMount || aboveMount) change.mountpoint = true;
  }
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, '');
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
