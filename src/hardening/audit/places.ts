import { readFileSync } from 'node:fs';
import type { ContainerMount, WritablePlace } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { decodePathBytes } from '../../kernel/index.ts';
import { mountInfoLines } from '../../linux/index.ts';

/** Filesystems in which no file of a process's own can be made. */
const NO_FILES = new Set([
  ...['proc', 'sysfs', 'cgroup', 'cgroup2', 'devpts', 'mqueue', 'securityfs', 'debugfs', 'tracefs', 'bpf'],
  ...['pstore', 'efivarfs', 'fusectl', 'configfs', 'nsfs', 'autofs', 'binfmt_misc', 'selinuxfs', 'devtmpfs'],
]);

/** Made by the engine, writable for root alone. */
const ROOT_ONLY = new Set(['/dev', '/sys/fs/cgroup', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf']);

/** Every place that a running container can write to, by its mount table; null when it is gone. */
export function mountedPlaces(pid: number, mounts: readonly ContainerMount[]): WritablePlace[] | null {
  try {
    return placesIn(readFileSync(`/proc/${pid}/mountinfo`, 'latin1'), mounts);
  } catch {
    return null;
  }
}

/** The same of a text of proc_pid_mountinfo(5) that was read as one character a byte. */
export function placesIn(mountinfo: string, mounts: readonly ContainerMount[]): WritablePlace[] {
  const places = new Map<string, WritablePlace>();
  for (const { path: bytes, root, options, superOptions, type } of mountInfoLines(mountinfo)) {
    const path = decodePathBytes(Buffer.from(bytes, 'latin1'));
    // What is mounted later at the same path hides what was there.
    places.delete(path);
    const flags = options.split(',');
    const readOnly = flags.includes('ro') || superOptions.split(',').includes('ro');
    // The engine hides files of /proc behind the null device.
    const isMask = root === '/null' && path.startsWith('/proc/');
    if (readOnly || isMask || NO_FILES.has(type)) continue;
    const kind = path === '/' ? 'root' : kindOf(path, type, mounts);
    const rootOnly = ROOT_ONLY.has(path) && !mounts.some(({ destination }) => destination === path);
    places.set(path, { path, kind, executable: !flags.includes('noexec'), rootOnly });
  }
  return [...places.values()];
}

/** The places that a container can write to by its configuration, for one that does not run. */
export function configuredPlaces(details: ContainerDetails): WritablePlace[] {
  const { security, isolation, mounts } = details;
  const root: WritablePlace[] = security.readOnlyRoot
    ? []
    : [{ path: '/', kind: 'root', executable: true, rootOnly: false }];
  const optionsOf = (path: string) =>
    isolation.tmpfs.find(({ destination }) => destination === path)?.options ?? [];
  const others = mounts
    .filter(({ writable }) => writable)
    .map(({ destination, kind }): WritablePlace => {
      // A tmpfs is noexec unless told otherwise; whether the rest is lies in the mount that its driver makes.
      const executable = kind === 'tmpfs' ? optionsOf(destination).includes('exec') : null;
      return { path: destination, kind, executable, rootOnly: false };
    });
  return [...root, ...others];
}

function kindOf(path: string, type: string, mounts: readonly ContainerMount[]): WritablePlace['kind'] {
  const kind = mounts.find(({ destination }) => destination === path)?.kind;
  if (kind !== undefined) return kind;
  return type === 'tmpfs' ? 'tmpfs' : 'other';
}
