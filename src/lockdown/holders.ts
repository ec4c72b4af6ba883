import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { decodePathBytes } from '../kernel/index.ts';
import { mountNamespaceOf, O_PATH } from '../linux/index.ts';
import type { Holder } from './report.ts';

const ACCESS_MODE = 0o3;
const OWNER_MAY_WRITE = 0o200;

/**
 * Which processes of a container keep a way to write through a mount, whatever is mounted over it or set on it
 * later: descriptors open for writing, files mapped for writing, directories they stand in or have open.
 *
 * @param target.mount id of the mount
 * @param target.devices devices, as FileIdentity has them, by which files on it appear in /proc/PID/maps
 */
export function findHolders(target: {
  readonly containerId: string;
  readonly initPid: number;
  readonly mount: number;
  readonly devices: ReadonlySet<number>;
  /** A process of ours that stands in the container's namespace. */
  readonly except: number;
}): Holder[] {
  const namespace = mountNamespaceOf(target.initPid);
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids
    .filter((pid) => pid !== target.except)
    .filter((pid) => mountNamespaceOf(pid) === namespace || isInCgroup(pid, target.containerId))
    .flatMap((pid) => {
      const exe = linkOf(`/proc/${pid}/exe`);
      const held = [
        ...descriptors(pid, target.mount),
        ...mappings(pid, target.devices),
        ...places(pid, target.mount),
      ];
      return distinct(held).map((each) => ({ pid, exe, ...each }));
    });
}

type Held = Omit<Holder, 'pid' | 'exe'>;

function* descriptors(pid: number, mount: number): Generator<Held> {
  for (const fd of namesIn(`/proc/${pid}/fd`)) {
    const info = textOf(`/proc/${pid}/fdinfo/${fd}`);
    if (mountOf(info) !== mount) continue;
    const path = linkOf(`/proc/${pid}/fd/${fd}`);
    if (path === null) continue;
    const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0', 8);
    if ((flags & O_PATH) === 0 && (flags & ACCESS_MODE) !== 0) yield { path, how: 'descriptor' };
    // From the root itself, every path leads over what is mounted there.
    else if (path !== '/' && isDirectory(`/proc/${pid}/fd/${fd}`)) yield { path, how: 'directory' };
  }
}

/** A mapping needs no descriptor any more. Linux 6.18 refuses a read-only mount for it too; others need not. */
function* mappings(pid: number, devices: ReadonlySet<number>): Generator<Held> {
  for (const line of textOf(`/proc/${pid}/maps`).split('\n')) {
    const [range = '', access = '', , device = ''] = line.split(' ', 4);
    if (access[3] !== 's' || !devices.has(deviceNumber(device))) continue;
    // It can be made writable later where the file was open for writing, which the link's own mode tells.
    const link = `/proc/${pid}/map_files/${range}`;
    const path = linkOf(link);
    if (path !== null && mayWrite(link)) yield { path, how: 'mapping' };
  }
}

function* places(pid: number, mount: number): Generator<Held> {
  for (const link of [`/proc/${pid}/cwd`, `/proc/${pid}/root`]) {
    const path = linkOf(link);
    if (path !== null && path !== '/' && mountOfLink(link) === mount) yield { path, how: 'directory' };
  }
}

/** The mount that a link of /proc leads to; null when it is gone. Its filesystem is not asked, it may never answer. */
function mountOfLink(link: string): number | null {
  try {
    const fd = openSync(link, O_PATH);
    try {
      return mountOf(textOf(`/proc/self/fdinfo/${fd}`));
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

function mountOf(fdinfo: string): number | null {
  const id = /^mnt_id:\s*(\d+)/m.exec(fdinfo)?.[1];
  return id === undefined ? null : Number(id);
}

/** The `fe:01` of maps as FileIdentity has devices. */
function deviceNumber(text: string): number {
  const [major = '', minor = ''] = text.split(':');
  return Number.parseInt(major, 16) * 0x10_0000 + Number.parseInt(minor, 16);
}

function isInCgroup(pid: number, containerId: string): boolean {
  return textOf(`/proc/${pid}/cgroup`).includes(containerId);
}

function isDirectory(link: string): boolean {
  try {
    return statSync(link).isDirectory();
  } catch {
    return false;
  }
}

function mayWrite(link: string): boolean {
  try {
    return (lstatSync(link).mode & OWNER_MAY_WRITE) !== 0;
  } catch {
    return false;
  }
}

/** What /proc says; empty when the process has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function linkOf(path: string): string | null {
  try {
    return decodePathBytes(readlinkSync(path, 'buffer'));
  } catch {
    return null;
  }
}

function distinct(held: readonly Held[]): Held[] {
  return [...new Map(held.map((each) => [`${each.how} ${each.path}`, each])).values()];
}
