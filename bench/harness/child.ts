/** Programs that run while something is measured, and certainly end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { printable } from '../../src/kernel/index.ts';

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** What it printed until it was ready, and somewhat more. */
  readonly lines: readonly string[];
  /** Calls back with every line of standard output from now on. */
  onLine(listener: (line: string) => void): void;
  /**
   * The first line, of standard output or error, that fits.
   * @throws when the program ends before, or does not say it in time
   */
  line(what: string, fits: (line: string) => boolean, withinMs?: number): Promise<string>;
}

const STARTS_WITHIN_MS = 60_000;
const ENDS_WITHIN_MS = 20_000;
const MOST_LINES = 1000;

/**
 * Starts a program in a process group of its own, so that Ctrl-C reaches it only through us; disposing ends it with
 * `endWith`, and with SIGKILL when it does not end within 20 s. It dies with us even if we are killed (prctl(2),
 * PR_SET_PDEATHSIG), because guards must not be left behind.
 */
export async function startChild(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; endWith?: NodeJS.Signals; signal: AbortSignal },
): Promise<Child> {
  options.signal.throwIfAborted();
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  await once(child, 'spawn');
  // The streams close only when every process that has them has ended.
  const closed = once(child, 'close');
  const listeners = new Set<(line: string) => void>();
  const heard: string[] = [];
  let errors = '';
  const hear = (line: string) => {
    if (heard.length < MOST_LINES) heard.push(line);
    for (const listener of listeners) listener(line);
  };
  createInterface({ input: child.stdout }).on('line', hear);
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors = `${errors}\n${line}`.slice(-2000);
    hear(line);
  });
  const lastWords = () => {
    // Pristine's errors are JSON with --json.
    const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(errors)?.[1];
    return message ?? errors.trim().split('\n').slice(-3).map(printable).join(' / ');
  };
  return {
    pid: child.pid ?? 0,
    lines: heard,
    onLine: (listener) => listeners.add(listener),
    async line(what, fits, withinMs = STARTS_WITHIN_MS) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const give = (why: string) =>
        reject(new Error(`${command} ${args[0] ?? ''} did not say "${what}": ${why}. ${lastWords()}`));
      const look = (line: string) => fits(line) && resolve(line);
      const abort = () => reject(options.signal.reason);
      const timer = setTimeout(() => give(`waited ${withinMs / 1000} s`), withinMs);
      child.once('close', () => give('it ended'));
      options.signal.addEventListener('abort', abort, { once: true });
      listeners.add(look);
      heard.forEach(look);
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        listeners.delete(look);
        options.signal.removeEventListener('abort', abort);
      }
    },
    [Symbol.asyncDispose]: () => end(child, closed, options.endWith ?? 'SIGTERM'),
  };
}

async function end(child: ChildProcess, closed: Promise<unknown>, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
  await closed;
  clearTimeout(timer);
}
