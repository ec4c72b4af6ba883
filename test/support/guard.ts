/** `pristine guard` as a child process, with a state directory of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { GuardEvent, Incident } from '../../src/contract/index.ts';
import { run } from '../../src/host/index.ts';
import { packageRoot } from '../../src/kernel/index.ts';

const bin = join(packageRoot, 'bin/pristine');

/** A state directory that is removed at the end of the scope. */
export function temporaryState(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'pristine-test-state-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs `pristine …ARGS --json` and answers with what it printed; throws when it exits with anything but 0 or 3. */
export async function pristineJson<T>(state: string, ...args: string[]): Promise<T> {
  const result = await run(bin, [...args, '--json'], { env: { PRISTINE_STATE: state } });
  if (result.code !== 0 && result.code !== 3) throw new Error(`pristine ${args.join(' ')}: ${result.stderr}`);
  return JSON.parse(result.stdout);
}

export class RunningGuard implements AsyncDisposable {
  readonly events: GuardEvent[] = [];
  readonly #child: ChildProcess;
  #wake = Promise.withResolvers<void>();
  #errors = '';

  constructor(
    state: string,
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>> = {},
    program = bin,
  ) {
    this.#child = spawn(program, ['guard', ...args, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PRISTINE_STATE: state, ...env },
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('the guard has no output');
    createInterface({ input: stdout }).on('line', (line) => {
      this.events.push(JSON.parse(line));
      this.#notify();
    });
    stderr.on('data', (piece: Buffer) => {
      this.#errors += piece.toString();
    });
    this.#child.on('close', () => this.#notify());
  }

  /** Of the guard's first process. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first event, from index `from` on, that fits; throws when none comes in time or the guard ends. */
  async waitFor<Type extends GuardEvent['type']>(
    type: Type,
    fits: (event: Extract<GuardEvent, { type: Type }>) => boolean = () => true,
    { from = 0, withinMs = 60_000 } = {},
  ): Promise<Extract<GuardEvent, { type: Type }>> {
    const deadline = Date.now() + withinMs;
    for (let at = from; ; at++) {
      while (at >= this.events.length) await this.#another(type, deadline);
      const event = this.events[at];
      if (event?.type === type && fits(event as Extract<GuardEvent, { type: Type }>)) {
        return event as Extract<GuardEvent, { type: Type }>;
      }
    }
  }

  /** The incident once it has ended well. */
  async healed(): Promise<Incident> {
    return (await this.waitFor('incident', ({ incident }) => incident.state === 'healed')).incident;
  }

  /** Sends a signal and answers with the exit code; null when the signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill(signal);
      await once(this.#child, 'close');
    }
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async #another(type: string, deadline: number): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      throw new Error(`the guard ended (${this.#child.exitCode}) before "${type}": ${this.#errors}`);
    }
    const late = AbortSignal.timeout(Math.max(1, deadline - Date.now()));
    const aborted = once(late, 'abort').then(() => {
      const seen = this.events.map((event) => event.type).join(' ');
      throw new Error(`no "${type}" in time; seen: ${seen}; ${this.#errors}`);
    });
    await Promise.race([this.#wake.promise, aborted]);
  }
}

/** A state directory on a filesystem of its own, so small that it can be filled. */
export function smallDisk(size: string): Disposable & { readonly path: string; grow(size: string): void } {
  const path = mkdtempSync(join(tmpdir(), 'pristine-test-disk-'));
  const mount = (options: string) =>
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'pristine-test', path], { stdio: 'pipe' });
  mount(`size=${size},mode=700`);
  return {
    path,
    grow: (larger) => mount(`remount,size=${larger}`),
    [Symbol.dispose]() {
      execFileSync('umount', ['-l', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
