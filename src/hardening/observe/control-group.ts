import { readFileSync } from 'node:fs';
import { type MountInfoLine, mountInfoLines } from '../../linux/index.ts';

/** What a container's control group says of it (cgroups(7)), version 1 and 2. */
export class ControlGroup {
  readonly #pids: string | null;
  readonly #memory: string | null;
  mostProcesses: number | null = null;
  mostMemory: number | null = null;

  /** @param pid of a process in it, in the host's namespace */
  constructor(pid: number) {
    const mounts = readMounts();
    this.#pids = directoryOf(pid, 'pids', mounts);
    this.#memory = directoryOf(pid, 'memory', mounts);
  }

  /** Reads its counters; a group that is gone leaves them as they were. */
  sample(): void {
    if (this.#pids !== null) {
      const now = numberIn(`${this.#pids}/pids.peak`) ?? numberIn(`${this.#pids}/pids.current`);
      this.mostProcesses = larger(this.mostProcesses, now);
    }
    if (this.#memory !== null) {
      const now =
        numberIn(`${this.#memory}/memory.peak`) ??
        numberIn(`${this.#memory}/memory.max_usage_in_bytes`) ??
        numberIn(`${this.#memory}/memory.current`);
      this.mostMemory = larger(this.mostMemory, now);
    }
  }

  /** Pids of its processes, in the host's namespace; at most a thousand. */
  processes(): number[] {
    const directory = this.#pids ?? this.#memory;
    const text = directory === null ? '' : textOf(`${directory}/cgroup.procs`);
    return text
      .split('\n', MOST_PROCESSES)
      .map(Number)
      .filter((pid) => pid > 0);
  }
}

const MOST_PROCESSES = 1000;

/** Where a controller's files of a process's group are on this host; null where it is not mounted. */
function directoryOf(pid: number, controller: string, mounts: readonly MountInfoLine[]): string | null {
  const groups = textOf(`/proc/${pid}/cgroup`)
    .split('\n')
    .map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const own = groups.find((group) => group?.[1]?.split(',').includes(controller));
  const unified = groups.find((group) => group?.[1] === '');
  const mount = own
    ? mounts.find(
        ({ type, superOptions }) => type === 'cgroup' && superOptions.split(',').includes(controller),
      )
    : mounts.find(({ type }) => type === 'cgroup2');
  const path = (own ?? unified)?.[2];
  if (mount === undefined || path === undefined || path.includes('/../')) return null;
  const below =
    mount.root === '/' ? path : path.startsWith(mount.root) ? path.slice(mount.root.length) : null;
  // The host's own group would tell of everybody.
  return below === null || below === '' || below === '/' ? null : `${mount.path}${below}`;
}

function readMounts(): MountInfoLine[] {
  return mountInfoLines(readFileSync('/proc/self/mountinfo', 'latin1'));
}

function numberIn(file: string): number | null {
  const text = textOf(file).trim();
  return /^\d+$/.test(text) ? Number(text) : null;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function larger(before: number | null, now: number | null): number | null {
  return now === null ? before : Math.max(before ?? 0, now);
}
