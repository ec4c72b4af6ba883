import { closeSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { decodePathBytes } from '../kernel/index.ts';

/** A process as /proc showed it at one moment. Names and arguments are the process's own word. */
export interface ProcessSnapshot {
  readonly pid: number;
  readonly ppid: number;
  /** Effective user and group id. */
  readonly uid: number;
  readonly gid: number;
  /** Mount namespace, e.g. `mnt:[4026531841]`; tells a container's processes from others. */
  readonly mountNamespace: string | null;
  /** Path of the executable as its own mount namespace has it; ends in ` (deleted)` when it was unlinked. */
  readonly exe: string | null;
  readonly commandLine: readonly string[] | null;
}

const MAX_COMMAND_LINE_BYTES = 4096;
const MAX_ARGUMENTS = 64;
const scratch = Buffer.alloc(MAX_COMMAND_LINE_BYTES);

/** What a process runs. */
export type Program = Pick<ProcessSnapshot, 'mountNamespace' | 'exe' | 'commandLine'>;

/** Reads what a process runs; null when it is gone. At most 64 arguments and 4 KiB of its command line. */
export function readProgram(pid: number): Program | null {
  try {
    // The fastest first: each of these vanishes with the process's end.
    const commandLine = commandLineOf(pid);
    const exe = linkOf(`/proc/${pid}/exe`);
    if (commandLine === null && exe === null) return null;
    return { mountNamespace: mountNamespaceOf(pid), exe: exe && decodePathBytes(exe), commandLine };
  } catch {
    return null;
  }
}

/** Reads a process from /proc; null when it is gone. */
export function readProcess(pid: number): ProcessSnapshot | null {
  try {
    const program = readProgram(pid);
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return {
      pid,
      ppid: Number(/^PPid:\t(\d+)/m.exec(status)?.[1] ?? 0),
      uid: Number(/^Uid:\t\d+\t(\d+)/m.exec(status)?.[1] ?? 0),
      gid: Number(/^Gid:\t\d+\t(\d+)/m.exec(status)?.[1] ?? 0),
      ...(program ?? { mountNamespace: null, exe: null, commandLine: null }),
    };
  } catch {
    return null;
  }
}

/** The mount namespace of a process; null when it is gone or a zombie. */
export function mountNamespaceOf(pid: number): string | null {
  return linkOf(`/proc/${pid}/ns/mnt`)?.toString('latin1') ?? null;
}

function linkOf(path: string): Buffer | null {
  try {
    return readlinkSync(path, 'buffer');
  } catch {
    return null;
  }
}

function commandLineOf(pid: number): string[] | null {
  const fd = openSync(`/proc/${pid}/cmdline`, 'r');
  try {
    const length = readSync(fd, scratch, 0, scratch.length, 0);
    return length === 0 ? null : splitArguments(scratch.subarray(0, length));
  } finally {
    closeSync(fd);
  }
}

function splitArguments(bytes: Buffer): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < bytes.length && words.length < MAX_ARGUMENTS) {
    const nul = bytes.indexOf(0, at);
    const end = nul === -1 ? bytes.length : nul;
    words.push(decodePathBytes(bytes.subarray(at, end)));
    at = end + 1;
  }
  return words;
}
