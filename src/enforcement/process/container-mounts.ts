import { openSync } from 'node:fs';
import { messageOf, printable } from '../../kernel/index.ts';
import {
  addPermissionMark,
  closeDescriptor,
  FileIdentity,
  type MountPoint,
  O_PATH,
  openInRoot,
  PERMISSION,
  readMounts,
  removePermissionMark,
} from '../../linux/index.ts';
import type { Place } from '../verdict/access.ts';
import type { Guarded, MarkedMount } from './guarded.ts';

export const ASKED = PERMISSION.OPEN | PERMISSION.EXECUTE;

/** Filesystems of the kernel's own, on which no program can be put. */
const NO_PROGRAMS: ReadonlySet<string> = new Set([
  ...['proc', 'sysfs', 'cgroup', 'cgroup2', 'devpts', 'mqueue', 'securityfs', 'debugfs', 'tracefs', 'bpf'],
  ...['pstore', 'efivarfs', 'configfs', 'fusectl', 'hugetlbfs', 'binfmt_misc', 'selinuxfs', 'nsfs'],
]);
/**
 * Filesystems whose files open without anybody's help. An event opens its file in this thread: a FUSE server in the
 * container could have it wait for ever, and an overlay made by the container itself opens another file that may be
 * marked, so that this thread would wait for its own answer.
 */
const LOCAL: ReadonlySet<string> = new Set([
  ...[
    'ext2',
    'ext3',
    'ext4',
    'xfs',
    'btrfs',
    'f2fs',
    'zfs',
    'bcachefs',
    'jfs',
    'reiserfs',
    'nilfs2',
    'ubifs',
  ],
  ...['tmpfs', 'ramfs', 'devtmpfs', 'vfat', 'msdos', 'exfat', 'ntfs3', 'hfsplus', 'minix', 'udf', 'iso9660'],
  ...['squashfs', 'erofs', 'cramfs', 'romfs'],
]);
const ENGINE_FILES: ReadonlySet<string> = new Set(['/etc/hosts', '/etc/hostname', '/etc/resolv.conf']);

export interface MarkedMounts {
  readonly mounts: MarkedMount[];
  readonly gaps: string[];
}

/**
 * Marks every mount of a container but its root that a program can be put on: `/dev` and tmpfs, volumes, binds,
 * and the three files that the engine binds into `/etc`.
 *
 * Nothing is marked by its path: each mount is opened below the process's own root, and is the one that was meant
 * only if the kernel gives it the same id. The host's filesystems are never marked, only the container's mounts of
 * them; a whole filesystem is marked only if the host does not have it mounted.
 *
 * @returns null when the process is gone, or its root is not the container's
 */
export function markMounts(group: number, guarded: Guarded, pid: number): MarkedMounts | null {
  const root = openRoot(guarded, pid);
  if (root === null) return null;
  const mounts: MarkedMount[] = [];
  const gaps: string[] = [];
  try {
    const host = new Set(readMounts('self').map(({ device }) => device));
    const all = readMounts(pid);
    guarded.given ??= new Set(all.filter(({ readOnly }) => readOnly).map(({ id }) => id));
    for (const mount of all) {
      const place = placeOf(mount, guarded);
      if (place === null) continue;
      if (!LOCAL.has(mount.type)) {
        gaps.push(
          `Programs on ${printable(mount.path)} (${printable(mount.type)}) are not refused: its files may keep whoever looks waiting.`,
        );
        continue;
      }
      try {
        const marked = markMount(group, root, mount, place, host.has(mount.device) ? 'mount' : 'filesystem');
        if (marked !== null) mounts.push(marked);
      } catch (error) {
        gaps.push(
          `Programs on ${printable(mount.path)} (${mount.type}) are not refused: ${messageOf(error)}.`,
        );
      }
    }
  } catch {
    // The process has ended meanwhile.
    return null;
  } finally {
    closeDescriptor(root);
  }
  return { mounts, gaps };
}

/** Takes the marks back, as far as the mounts are still there. */
export function unmarkMounts(
  group: number,
  guarded: Guarded,
  pid: number,
  mounts: readonly MarkedMount[],
): void {
  const root = openRoot(guarded, pid);
  if (root === null) return;
  for (const { id, path, object } of mounts) {
    withMount(root, id, path, (fd) => {
      try {
        removePermissionMark(group, object, fd, ASKED);
      } catch {
        // Gone with an unmount in between.
      }
      return null;
    });
  }
  closeDescriptor(root);
}

/** The root directory of a process of the container; null when its root is another, as that of the engine's helpers is. */
function openRoot(guarded: Guarded, pid: number): number | null {
  try {
    const root = openSync(`/proc/${pid}/root`, O_PATH);
    if (new FileIdentity().read(root).device === guarded.overlay?.device) return root;
    closeDescriptor(root);
  } catch {
    // Gone.
  }
  return null;
}

function placeOf(mount: MountPoint, { target, overlay, given }: Guarded): Place | null {
  // The overlay itself is marked whole, wherever a part of it is mounted.
  if (NO_PROGRAMS.has(mount.type) || mount.device === overlay?.device) return null;
  if (ENGINE_FILES.has(mount.path)) return 'engine-file';
  if (mount.type === 'tmpfs' || mount.type === 'ramfs') return 'memory';
  if (target.policy.volumes === 'off' || (mount.readOnly && given?.has(mount.id))) return null;
  return mount.root.endsWith('/_data') ? 'volume' : 'bind';
}

function markMount(
  group: number,
  root: number,
  mount: MountPoint,
  place: Place,
  object: 'filesystem' | 'mount',
): MarkedMount | null {
  return withMount(root, mount.id, mount.path, (fd, identity) => {
    addPermissionMark(group, object, fd, ASKED);
    return { id: mount.id, device: identity.device, path: mount.path, place, object };
  });
}

/** Runs `use` with the mount's own root; null when something else is there, as when it is covered by another. */
function withMount<T>(
  root: number,
  id: number,
  path: string,
  use: (fd: number, identity: FileIdentity) => T,
): T | null {
  const fd = openInRoot(root, Buffer.from(path, 'latin1'), O_PATH);
  if (fd === null) return null;
  try {
    const identity = new FileIdentity().read(fd);
    return identity.mountId === id ? use(fd, identity) : null;
  } finally {
    closeDescriptor(fd);
  }
}
