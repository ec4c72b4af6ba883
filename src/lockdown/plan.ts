/** What a lock wants of each mount of a container: pure functions over its mount table. */

import type { ContainerMount } from '../contract/index.ts';
import { isWithin } from '../kernel/index.ts';
import type { MountFlag, MountPoint } from '../linux/index.ts';
import type { WritablePlace } from './report.ts';

/** Files that the engine mounts from the host, writable, into every container. */
const ENGINE_FILES = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];
/** Filesystems that are the kernel's own, hold no files, or none that outlive their process. */
const KERNEL_FILESYSTEMS = /^(proc|sysfs|cgroup2?|devpts|mqueue|securityfs|debugfs|tracefs|bpf|nsfs)$/;
const MEMORY_FILESYSTEMS = /^(tmpfs|ramfs)$/;

export interface MountPlan {
  /** Mounts that change, with the flags that they lack. */
  readonly flags: readonly { readonly mount: MountPoint; readonly set: readonly MountFlag[] }[];
  readonly writable: readonly WritablePlace[];
  /** Mounts from which nothing is executed once the plan is carried out. */
  readonly noexec: readonly string[];
}

/** The mount that the container has as its root: the topmost on `/`. */
export function rootOf(mounts: readonly MountPoint[]): MountPoint | undefined {
  return mounts.findLast(({ path }) => path === '/');
}

/** Whether a mount is a directory or file of the root that was mounted over itself, as a lock does. */
export function isOverItself(mount: MountPoint, root: MountPoint): boolean {
  return mount.device === root.device && mount.path !== '/' && mount.root === mount.path;
}

/** Whether a path is one of those, or lies below one. */
export function isBelow(path: string, places: readonly string[]): boolean {
  return places.some((place) => isWithin(path, place));
}

/** What becomes of all mounts but the root and what a lock has made itself. */
export function planMounts(
  mounts: readonly MountPoint[],
  engineMounts: readonly ContainerMount[],
  allow: readonly string[],
): MountPlan {
  const root = rootOf(mounts);
  const flags: { mount: MountPoint; set: MountFlag[] }[] = [];
  const writable: WritablePlace[] = [];
  const noexec: string[] = [];
  for (const mount of mounts) {
    const { path, type } = mount;
    if (root === undefined || path === '/' || isOverItself(mount, root)) continue;
    if (KERNEL_FILESYSTEMS.test(type) || isBelow(path, ['/proc', '/sys'])) continue;
    const given = engineMounts.find((each) => each.destination === path || isSourceOf(each, mount));
    const isEngineFile = given === undefined && ENGINE_FILES.includes(path);
    if (isBelow(path, allow)) {
      if (!mount.readOnly) writable.push({ path, because: 'it is allowed', intended: true });
    } else if (mount.device === root.device || isEngineFile) {
      if (!mount.readOnly) flags.push({ mount, set: ['readOnly'] });
    } else if (mount.readOnly) {
      // Read-only as the container was made.
    } else if (MEMORY_FILESYSTEMS.test(type)) {
      const set = lacking(mount);
      if (set.length > 0) flags.push({ mount, set });
      noexec.push(path);
      writable.push({ path, because: 'it lies in memory; nothing on it can be executed', intended: true });
    } else {
      writable.push({ path, ...why(given, type) });
    }
  }
  return { flags, writable: distinct(writable), noexec: [...new Set(noexec)] };
}

/** A destination may lead through links of the container; what is mounted there is told by its source too. */
function isSourceOf({ source }: ContainerMount, { root }: MountPoint): boolean {
  if (source === null || source === '/' || root === '/') return false;
  // Either may begin elsewhere: a filesystem that is not the host's root, a subvolume.
  return source.endsWith(root) || root.endsWith(source);
}

/** Devices are what /dev is for. */
function lacking({ path, noexec, nosuid, nodev }: MountPoint): MountFlag[] {
  return [
    ...(noexec ? [] : ['noexec' as const]),
    ...(nosuid ? [] : ['nosuid' as const]),
    ...(nodev || path === '/dev' ? [] : ['nodev' as const]),
  ];
}

function why(given: ContainerMount | undefined, type: string): Omit<WritablePlace, 'path'> {
  if (given?.kind === 'volume')
    return { because: `it is the volume ${given.volume ?? ''}`.trimEnd(), intended: true };
  if (given?.kind === 'bind')
    return { because: `it is ${given.source ?? 'a directory'} of the host`, intended: true };
  return {
    because: `it is a mount (${type}) that the engine does not know of`,
    intended: given !== undefined,
  };
}

/** What lies below a cover is mounted once more there. */
function distinct(places: readonly WritablePlace[]): WritablePlace[] {
  return [...new Map(places.map((place) => [place.path, place])).values()];
}
