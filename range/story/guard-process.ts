import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { PristineError } from '../../src/kernel/index.ts';
import { preciseNow } from '../http-client.ts';
import { type GuardLine, lastWords, type PristineCommand } from './pristine.ts';

/** A line of the guard, and when it reached us (milliseconds since 1970). */
export interface ReceivedLine {
  readonly at: number;
  readonly line: GuardLine;
}

export interface GuardProcess {
  /** Every line so far. */
  readonly lines: readonly ReceivedLine[];
  /** Called with each line from now on. */
  onLine(listener: (received: ReceivedLine) => void): void;
  /**
   * The first line, from index `from` on, that fits.
   * @throws {PristineError} E_DEMO when none comes in time, or the guard ends
   * @throws the signal's reason when the demo is ended early
   */
  waitFor(
    what: string,
    fits: (line: GuardLine) => boolean,
    options: { from?: number; withinMs: number },
  ): Promise<ReceivedLine>;
  /**
   * Asks it to end and waits: a guard carries a response that is under way to its end first. When the demo was
   * interrupted, its container is about to be removed anyway, so it gets little time.
   *
   * @returns its exit code, or null when it had to be killed
   */
  stop(): Promise<number | null>;
}

const ENDS_WITHIN_MS = 60_000;
const ENDS_WITHIN_MS_INTERRUPTED = 3000;

export type GuardedMode = 'protect' | 'heal';

function guardArguments(container: string, mode: GuardedMode): string[] {
  return ['guard', container, '--mode', mode, '--json'];
}

/** Starts `pristine guard NAME --mode MODE --json`, in a process group of its own: Ctrl-C is ours to pass on. */
export function startGuard(
  pristine: PristineCommand,
  container: string,
  mode: GuardedMode,
  signal: AbortSignal,
): GuardProcess {
  const child = spawn(pristine.path, guardArguments(container, mode), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...pristine.environment },
    detached: true,
  });
  const lines: ReceivedLine[] = [];
  const listeners = new Set<(received: ReceivedLine) => void>();
  const ended = Promise.withResolvers<void>();
  let errors = '';
  child.stderr.on('data', (piece) => {
    errors = (errors + piece).slice(-2000);
  });
  child.on('error', (error) => {
    errors += error.message;
    ended.resolve();
  });
  child.on('close', () => ended.resolve());
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = parse(text);
    if (line === null) return;
    const received = { at: preciseNow(), line };
    lines.push(received);
    for (const listener of listeners) listener(received);
  });
  const waitFor: GuardProcess['waitFor'] = async (what, fits, { from = 0, withinMs }) => {
    const arrival = Promise.withResolvers<ReceivedLine>();
    const look = (received: ReceivedLine) => {
      if (fits(received.line)) arrival.resolve(received);
    };
    const given = new AbortController();
    const either = AbortSignal.any([signal, given.signal]);
    lines.slice(from).forEach(look);
    listeners.add(look);
    try {
      const timeout = sleep(withinMs, undefined, { signal: either }).catch(() => {});
      const gone = ended.promise.then(() => 'gone' as const);
      const result = await Promise.race([arrival.promise, timeout, gone]);
      signal.throwIfAborted();
      if (result !== undefined && result !== 'gone') return result;
      const why = result === 'gone' ? 'the guard ended' : `waited ${withinMs / 1000} s`;
      throw new PristineError('E_DEMO', `the guard did not say "${what}": ${why}. ${lastWords(errors)}`, {
        next: `Run "pristine ${guardArguments(container, mode).join(' ')}" by hand and look.`,
      });
    } finally {
      given.abort();
      listeners.delete(look);
    }
  };
  return {
    lines,
    onLine: (listener) => listeners.add(listener),
    waitFor,
    stop: () => stop(child, ended.promise, signal.aborted ? ENDS_WITHIN_MS_INTERRUPTED : ENDS_WITHIN_MS),
  };
}

/** A line that is no JSON is not the guard's; whether all that must be said was said shows elsewhere. */
function parse(text: string): GuardLine | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function stop(child: ChildProcess, ended: Promise<void>, withinMs: number): Promise<number | null> {
  if (child.pid === undefined) return null;
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
  await ended;
  clearTimeout(timer);
  return child.exitCode;
}

/** Starts a guard in mode heal that goes on when we end; its lines go to a file. Answers with its pid. */
export async function leaveGuard(
  pristine: PristineCommand,
  container: string,
  logFile: string,
): Promise<number> {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(pristine.path, guardArguments(container, 'heal'), {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...pristine.environment },
    detached: true,
  });
  await once(child, 'spawn');
  child.unref();
  return child.pid ?? 0;
}
