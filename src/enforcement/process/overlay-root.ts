import { openSync } from 'node:fs';
import { closeDescriptor, filesystemType, OVERLAYFS, removePermissionMark } from '../../linux/index.ts';
import { ASKED } from './container-mounts.ts';

/** Opens the root directory of an overlay; null when none is mounted there. */
export function openOverlay(path: string): number | null {
  try {
    const fd = openSync(path, 'r');
    // Before the engine has mounted it, an empty directory of the host is there.
    if (filesystemType(fd) === OVERLAYFS) return fd;
    closeDescriptor(fd);
  } catch {
    // Not there, or the process whose root it is has ended.
  }
  return null;
}

/** Takes the mark of an overlay back and closes its root; null is none. */
export function unmarkOverlay(group: number, root: number | null): void {
  if (root === null) return;
  try {
    removePermissionMark(group, 'filesystem', root, ASKED);
  } catch {
    // Unmounted meanwhile, or never marked.
  } finally {
    closeDescriptor(root);
  }
}
