/** What processes of the guard hold, as the kernel counts it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessFigures {
  readonly pid: number;
  /** Bytes of memory now, and at most so far. */
  readonly rss: number;
  readonly peak: number;
  readonly descriptors: number;
  /** Marks of all its fanotify groups, ignore marks among them. */
  readonly marks: number;
  readonly leases: number;
  /** Milliseconds of processor time since it started. */
  readonly cpuMs: number;
}

/** USER_HZ, which is 100 on every architecture that Linux has today. */
const TICKS_PER_SECOND = 100;

/** @throws an Error when the process is gone */
export function figuresOf(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]);
  const descriptors = readdirSync(`/proc/${pid}/fd`);
  const marks = descriptors.map((fd) => (isFanotify(pid, fd) ? marksOf(pid, fd) : 0));
  return {
    pid,
    rss: kilobytes('VmRSS') * 1024,
    peak: kilobytes('VmHWM') * 1024,
    descriptors: descriptors.length,
    marks: marks.reduce((sum, count) => sum + count, 0),
    leases: leasesOf(pid),
    cpuMs: cpuMsOf(pid),
  };
}

/** The process and all below it, parents first; those that are gone by now are left out. */
export function processTree(pid: number): { readonly pid: number; readonly commandLine: string }[] {
  try {
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
    return [{ pid, commandLine }, ...children.flatMap(processTree)];
  } catch {
    return [];
  }
}

/** The processes of a running guard: itself, and the one that answers for it. */
export function guardProcesses(pid: number): { readonly guard: number; readonly enforcer: number | null } {
  const enforcer = processTree(pid).find((one) => one.pid !== pid && one.commandLine.includes('enforcement'));
  return { guard: pid, enforcer: enforcer?.pid ?? null };
}

function isFanotify(pid: number, fd: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`).includes('[fanotify]');
  } catch {
    return false;
  }
}

/** proc_pid_fdinfo(5): a line for the group, and one for each mark. */
function marksOf(pid: number, fd: string): number {
  try {
    const lines = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8').split('\n');
    return lines.filter((line) => /^fanotify (?:mnt_id|sdev|ino|mntns)/.test(line)).length;
  } catch {
    return 0;
  }
}

function leasesOf(pid: number): number {
  const lines = readFileSync('/proc/locks', 'utf8').split('\n');
  return lines.filter((line) => new RegExp(`: LEASE .* ${pid} `).test(line)).length;
}

function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold spaces and brackets; user and system time are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}
