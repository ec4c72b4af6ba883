import { readFileSync, readlinkSync } from 'node:fs';
import type { Observation } from '../../contract/index.ts';
import { decodePathBytes } from '../../kernel/index.ts';

type SeenProcess = Observation['processes'][number];

const MOST_SEEN = 1000;
const LARGEST_MAP_TEXT = 1 << 20;

/** What the processes of a container were seen to be while it was ready. */
export class ProcessSamples {
  readonly #first: number;
  readonly #seen = new Map<string, SeenProcess>();
  readonly #insidePids = new Map<number, number | null>();
  reloads = false;

  /** @param first pid of the container's first process, in the host's namespace */
  constructor(first: number) {
    this.#first = first;
  }

  /** Looks at the ids of some processes, and whether the first one would reload. */
  sample(pids: readonly number[]): void {
    for (const pid of pids) {
      const status = textOf(`/proc/${pid}/status`);
      const ids = (name: string) =>
        new RegExp(`^${name}:\t(.*)$`, 'm')
          .exec(status)?.[1]
          ?.trim()
          .split(/\s+/)
          .filter(Boolean)
          .map(Number);
      // The second one is the effective id.
      const [uid, gid] = [ids('Uid')?.[1], ids('Gid')?.[1]];
      if (uid === undefined || gid === undefined) continue;
      const command = /^Name:\t(.*)$/m.exec(status)?.[1] ?? '';
      const process = { command, uid, gid, groups: ids('Groups') ?? [], first: pid === this.#first };
      if (process.first) this.reloads ||= catchesHangUp(status);
      if (this.#seen.size < MOST_SEEN) this.#seen.set(JSON.stringify(process), process);
    }
  }

  list(): SeenProcess[] {
    return [...this.#seen.values()];
  }

  /** Pid of a process in its own namespace; null when it is gone and was never asked about. */
  insidePid(pid: number): number | null {
    const known = this.#insidePids.get(pid);
    if (known !== undefined) return known;
    const inside = pidInNamespace(pid);
    if (this.#insidePids.size > MOST_SEEN * 10) this.#insidePids.clear();
    this.#insidePids.set(pid, inside);
    return inside;
  }
}

/** Pid of a process in its own pid namespace; null when it is gone. */
export function pidInNamespace(pid: number): number | null {
  const chain = /^NSpid:\t(.*)$/m.exec(textOf(`/proc/${pid}/status`))?.[1]?.split('\t');
  return chain === undefined ? null : Number(chain.at(-1));
}

/** Files that a process runs, and has mapped as code; as its own root has them. */
export function codeOf(pid: number): string[] {
  const found = new Set<string>();
  try {
    found.add(decodePathBytes(readlinkSync(`/proc/${pid}/exe`, 'buffer')).replace(/ \(deleted\)$/, ''));
    const text = readFileSync(`/proc/${pid}/maps`).subarray(0, LARGEST_MAP_TEXT).toString('latin1');
    for (const match of text.matchAll(/^\S+ ..x. \S+ \S+ \d+ +(\/[^\n]*)$/gm))
      found.add(decodePathBytes(Buffer.from(match[1] ?? '', 'latin1')).replace(/ \(deleted\)$/, ''));
  } catch {
    // It has ended.
  }
  return [...found];
}

/** Whether a process has a handler for SIGHUP, which would end it otherwise. */
export function handlesHangUp(pid: number): boolean {
  return catchesHangUp(textOf(`/proc/${pid}/status`));
}

/** The first bit of the signals that have a handler (proc_pid_status(5)) is SIGHUP's. */
function catchesHangUp(status: string): boolean {
  const caught = /^SigCgt:\t([0-9a-f]+)$/m.exec(status)?.[1];
  return caught !== undefined && (BigInt(`0x${caught}`) & 1n) === 1n;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
