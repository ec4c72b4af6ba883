import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemErrorCode } from '../../kernel/index.ts';

/** A process as proc(5) shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks after boot; with the pid it names one process for ever. */
  readonly startTime: string;
  readonly command: readonly string[];
  /** Name of the executable, cut at 15 bytes. */
  readonly name: string;
}

/** A process, or null when there is none, or only its zombie. */
export function processEntry(pid: number): ProcessEntry | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name stands in parentheses and may hold anything, parentheses too.
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return null;
    return {
      pid,
      parent: Number(parent),
      startTime: rest[17] ?? '',
      command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1),
      name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
    };
  } catch {
    return null;
  }
}

export function allProcesses(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => processEntry(Number(entry)))
    .filter((entry) => entry !== null);
}

/** Sends a signal to exactly this process; false when it is gone. */
export function signalProcess(entry: ProcessEntry, signal: NodeJS.Signals): boolean {
  if (processEntry(entry.pid)?.startTime !== entry.startTime) return false;
  try {
    process.kill(entry.pid, signal);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ESRCH') return false;
    throw error;
  }
}

/** Waits until a process has ended; false when `timeoutMs` went by first. */
export async function ended(entry: ProcessEntry, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (processEntry(entry.pid)?.startTime === entry.startTime) {
    if (Date.now() > deadline) return false;
    await sleep(50);
  }
  return true;
}
