import { setImmediate } from 'node:timers/promises';
import { listProc, readProcLink, readProcNow } from './read.ts';

/** More processes than that are not looked at; the kernel's default pid limit is 32,768 or 4 million. */
const MOST_PROCESSES = 100_000;

/**
 * Pids, in the host's namespace, of all processes of a container: those in its init's pid namespace, those in
 * its cgroup, and their descendants, wherever they went. Sorted.
 */
export async function containerProcesses(init: number, containerId: string): Promise<number[]> {
  const namespace = readProcLink(`/proc/${init}/ns/pid`);
  const shared = namespace === null || namespace === readProcLink('/proc/self/ns/pid');
  const { names } = await listProc('/proc', MOST_PROCESSES);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const members = new Set<number>([init]);
  const children = new Map<number, number[]>();
  for (const [index, pid] of pids.entries()) {
    // A host can have tens of thousands, and others wait for this thread.
    if (index % 512 === 511) await setImmediate();
    const parent = parentOf(pid);
    const siblings = parent === null ? undefined : children.get(parent);
    if (siblings !== undefined) siblings.push(pid);
    else if (parent !== null) children.set(parent, [pid]);
    if (!shared && readProcLink(`/proc/${pid}/ns/pid`) === namespace) members.add(pid);
    else if (isInCgroup(pid, containerId)) members.add(pid);
  }
  for (const pid of members) for (const child of children.get(pid) ?? []) members.add(child);
  return [...members].sort((a, b) => a - b);
}

/** Field 4 of /proc/PID/stat; the second field is in parentheses and can hold anything. */
function parentOf(pid: number): number | null {
  const rest = readProcNow(`/proc/${pid}/stat`, 4096)
    ?.toString('latin1')
    .replace(/^.*\) /s, '');
  const parent = Number(rest?.split(' ')[1]);
  return Number.isInteger(parent) ? parent : null;
}

function isInCgroup(pid: number, containerId: string): boolean {
  if (!/^[0-9a-f]{64}$/.test(containerId)) return false;
  return readProcNow(`/proc/${pid}/cgroup`, 64 * 1024)?.includes(containerId) ?? false;
}
