import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { AuditedProcess } from '../../contract/index.ts';
import { decodePathBytes } from '../../kernel/index.ts';
import { capabilityNames } from '../../linux/index.ts';

/** More processes than these are not listed: a container can have as many as it likes. */
const MOST_PROCESSES = 200;

const NAMESPACES = ['net', 'pid', 'ipc', 'uts', 'user', 'cgroup'] as const;

/** Which process belongs to which container, as /proc showed it at one moment. */
export interface ProcessIndex {
  /** Pids in the host's namespace of those in the control group of a container, or in the mount namespace of its init. */
  of(containerId: string, init: number): number[];
}

/** Looks at every process of the host once. */
export function indexProcesses(): ProcessIndex {
  const byContainer = new Map<string, number[]>();
  const byNamespace = new Map<string, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const groups = textOf(`/proc/${pid}/cgroup`)?.match(/\b[0-9a-f]{64}\b/g) ?? [];
    for (const id of new Set(groups)) append(byContainer, id, pid);
    const namespace = linkOf(`/proc/${pid}/ns/mnt`);
    if (namespace !== null) append(byNamespace, namespace, pid);
  }
  const host = linkOf('/proc/self/ns/mnt');
  return {
    of: (containerId, init) => {
      const namespace = linkOf(`/proc/${init}/ns/mnt`);
      const neighbours = namespace === null || namespace === host ? [] : (byNamespace.get(namespace) ?? []);
      const found = new Set([init, ...(byContainer.get(containerId) ?? []), ...neighbours]);
      return [...found].sort((a, b) => a - b);
    },
  };
}

/** What processes may do, by proc_pid_status(5); those that are gone are left out, and kernel threads. */
export function describeProcesses(pids: readonly number[]): AuditedProcess[] {
  return pids.slice(0, MOST_PROCESSES).flatMap((pid) => {
    const text = textOf(`/proc/${pid}/status`);
    return text === null ? [] : (parseStatus(pid, text) ?? []);
  });
}

/** A process by its status(5) text; null for one that has ended and waits for its parent. */
export function parseStatus(pid: number, text: string): AuditedProcess | null {
  const field = (name: string) => new RegExp(`^${name}:\\t(.*)$`, 'm').exec(text)?.[1] ?? '';
  if (field('State').startsWith('Z')) return null;
  const names = (set: string) => capabilityNames(BigInt(`0x${set || '0'}`)).map((name) => name.toUpperCase());
  const effective = (ids: string) => Number(ids.split('\t')[1] ?? 0);
  return {
    pid,
    command: decodePathBytes(Buffer.from(field('Name'), 'latin1')),
    uid: effective(field('Uid')),
    gid: effective(field('Gid')),
    capabilities: names(field('CapEff')),
    bounding: names(field('CapBnd')),
    noNewPrivileges: field('NoNewPrivs') === '1',
    seccomp: field('Seccomp') !== '' && field('Seccomp') !== '0',
  };
}

/** Namespaces that a process has in common with this one; null when it is gone. */
export function sharedNamespaces(pid: number): string[] | null {
  if (linkOf(`/proc/${pid}/ns/mnt`) === null) return null;
  return NAMESPACES.filter((name) => {
    const theirs = linkOf(`/proc/${pid}/ns/${name}`);
    return theirs !== null && theirs === linkOf(`/proc/self/ns/${name}`);
  });
}

/** Profile by which AppArmor confines a process, as the kernel says; null where it does not. */
export function appArmorProfile(pid: number): string | null {
  const text = textOf(`/proc/${pid}/attr/apparmor/current`);
  return text === null ? null : text.trim().replace(/ \(.*\)$/, '');
}

function append(map: Map<string, number[]>, key: string, pid: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [pid]);
  else list.push(pid);
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}
