/** What tests of the enforcer need: a container to protect, who tries to run what it must not, and its process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_PROTECTION } from '../../src/contract/index.ts';
import type { EnforcementEvent, EnforcementTarget, Enforcer } from '../../src/enforcement/index.ts';
import { createEnforcer } from '../../src/enforcement/index.ts';
import type { TestContainer } from './engine.ts';
import { watchTarget } from './watch-target.ts';

export async function targetOf(container: Pick<TestContainer, 'id'>): Promise<EnforcementTarget> {
  const { id, name, image, pid, overlay } = await watchTarget(container.id);
  if (overlay === null) throw new Error(`${name} is on no overlay`);
  const { merged, upper, lower } = overlay;
  return {
    ...{ id, name, image, pid, upper, lower, merged: merged ?? '' },
    policy: DEFAULT_PROTECTION,
    enforce: true,
  };
}

/** An enforcer, and what it has told so far. */
export async function recordedEnforcer(): Promise<{ enforcer: Enforcer; events: EnforcementEvent[] }> {
  const enforcer = await createEnforcer();
  const events: EnforcementEvent[] = [];
  void (async () => {
    for await (const event of enforcer.events()) events.push(event);
  })();
  return { enforcer, events };
}

/** Pids of the enforcer processes that a process has started. */
export function enforcersOf(pid: number): number[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const children = tasks.flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  );
  return children.filter((child) => commandOf(child).includes('/enforcement/process/main'));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** Whether there is such a process, and no mere zombie. */
export const alive = (pid: number): boolean => commandOf(pid) !== '';

/** Milliseconds until `what` holds; fails after 10 s. */
export async function timeUntil(what: () => boolean): Promise<number> {
  const started = performance.now();
  while (!what()) {
    if (performance.now() - started > 10_000) throw new Error(`not so after 10 s: ${what}`);
    await delay(2);
  }
  return performance.now() - started;
}

/** A shell in the container that tries to run a program which the image never held. */
export class Attempts implements AsyncDisposable {
  readonly #shell: ChildProcess;

  constructor(shell: ChildProcess) {
    this.#shell = shell;
  }

  static async start(container: TestContainer): Promise<Attempts> {
    await container.sh('cp /bin/busybox /tmp/true');
    const shell = spawn('docker', ['exec', '-i', container.id, 'sh'], { stdio: ['pipe', 'pipe', 'ignore'] });
    return new Attempts(shell);
  }

  /** Its exit code, once it has one. */
  async run(): Promise<string> {
    this.#shell.stdin?.write('/tmp/true; echo $?\n');
    const [answer] = await once(this.#shell.stdout as NonNullable<ChildProcess['stdout']>, 'data');
    return String(answer).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Its end is the shell's.
    this.#shell.stdin?.end();
    if (this.#shell.exitCode === null) await once(this.#shell, 'exit');
  }
}
