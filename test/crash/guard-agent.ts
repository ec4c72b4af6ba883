/** A guard that crashes: started, given something to find, killed at its point, and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardEvent } from '../../src/contract/index.ts';
import { agentCommand, traceOf } from './agent.ts';
import type { CrashHost } from './host.ts';
import type { CrashPlan, Strike } from './plan.ts';
import type { Subject } from './subject.ts';

export interface GuardLife {
  /** Whether it was killed by its strike. */
  readonly died: boolean;
  readonly struck: string | null;
  readonly trace: readonly (readonly [string, string])[];
  /** What it said that may explain a failure. */
  readonly said: string;
}

export interface GuardOptions {
  readonly at: Strike | undefined;
  readonly target: CrashPlan['target'];
  /** Done once it is ready. */
  readonly onReady: () => Promise<void>;
  /** Whether it may end. */
  readonly isOver: () => Promise<boolean>;
  /** Called when it lives on although it was struck: the engine was. */
  readonly onStruck: () => Promise<void>;
}

const TIMEOUT_MS = 90_000;

export async function guardLife(
  host: CrashHost,
  { name, id, state }: Subject,
  { at, target, onReady, isOver, onStruck }: GuardOptions,
): Promise<GuardLife> {
  const args = ['guard', name, '--mode', 'heal', '--json'];
  const {
    command,
    args: words,
    env,
    trace,
  } = agentCommand(host, {
    ...{ args, state, ids: { [id]: 'suspect' }, at, target },
  });
  const child = spawn(command, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  const said: string[] = [];
  const ready = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as GuardEvent;
    if (event.type === 'ready') ready.resolve();
    if (event.type === 'problem') said.push(`${event.code}: ${event.message}`);
  });
  child.stderr.on('data', (piece: Buffer) => said.push(piece.toString().trim()));
  try {
    await Promise.race([ready.promise, closed]);
    if (isAlive(child)) await onReady().catch((error) => said.push(String(error)));
    let revived = target === 'agent';
    await untilOver(child, closed, async () => {
      if (!revived && traceOf(trace).struck !== null) {
        await onStruck();
        revived = true;
      }
      return isOver();
    });
    const died = child.signalCode === 'SIGKILL';
    if (isAlive(child)) child.kill('SIGTERM');
    await Promise.race([closed, sleep(20_000)]);
    if (!died && child.exitCode !== 0) said.push(`it ended with ${child.exitCode ?? child.signalCode}`);
    return { died, ...traceOf(trace), said: said.join('; ') };
  } finally {
    child.kill('SIGKILL');
  }
}

async function untilOver(
  child: ChildProcess,
  ended: Promise<unknown>,
  isOver: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  while (isAlive(child) && Date.now() < deadline) {
    if (await isOver()) return;
    await Promise.race([ended, sleep(200)]);
  }
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
