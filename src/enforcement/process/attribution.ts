import type { ProcessAttribution } from '../../contract/index.ts';
import { type ProcessSnapshot, readProcess } from '../../linux/index.ts';

const MAX_ANCESTORS = 12;
/** Characters of a command line that are kept: a container may have as many processes with as long ones as it likes. */
const MAX_COMMAND_LINE = 1024;
const MAX_ANCESTOR_COMMAND_LINE = 256;
/** Processes that are remembered, so that a program that opens many files is read once. */
const MAX_REMEMBERED = 1024;
const FRESH_MS = 1000;

interface Remembered {
  readonly exe: string | null;
  readonly at: number;
  readonly attribution: ProcessAttribution;
}

/** Who a waiting thread is, with those it descends from up to the container's edge. */
export class Attributions {
  readonly #remembered = new Map<number, Remembered>();

  /** @param exe its program as known by now: another one, and it is read anew */
  of(thread: number, exe: string | null): ProcessAttribution {
    const now = Date.now();
    const known = this.#remembered.get(thread);
    if (known !== undefined && known.exe === exe && now - known.at < FRESH_MS) return known.attribution;
    const attribution = read(thread);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(thread, { exe, at: now, attribution });
    return attribution;
  }
}

function read(pid: number): ProcessAttribution {
  const process = readProcess(pid);
  if (process === null) return { pid };
  const ancestry: NonNullable<ProcessAttribution['ancestry']> = [];
  let { ppid } = process;
  while (ppid > 1 && ancestry.length < MAX_ANCESTORS) {
    const parent = readProcess(ppid);
    // What started the container, or a process in it, stands outside.
    if (parent === null || parent.mountNamespace !== process.mountNamespace) break;
    ancestry.push({ pid: parent.pid, ...program(parent, MAX_ANCESTOR_COMMAND_LINE) });
    ppid = parent.ppid;
  }
  const { ppid: parent, uid, gid } = process;
  return { pid, ppid: parent, uid, gid, ...program(process, MAX_COMMAND_LINE), ancestry };
}

function program(
  { exe, commandLine }: ProcessSnapshot,
  most: number,
): { exe?: string; commandLine?: string[] } {
  return {
    ...(exe === null ? {} : { exe: exe.slice(0, most) }),
    ...(commandLine === null ? {} : { commandLine: shortened(commandLine, most) }),
  };
}

function shortened(words: readonly string[], most: number): string[] {
  const kept: string[] = [];
  let left = most;
  for (const word of words) {
    if (left <= 0) break;
    kept.push(word.slice(0, left));
    left -= word.length + 1;
  }
  return kept;
}
