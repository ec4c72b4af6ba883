import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../src/kernel/index.ts';
import type { Bench } from '../harness/bench.ts';
import { type Child, startChild } from '../harness/child.ts';

/** The command as its user has it. */
export const PRISTINE = join(packageRoot, 'bin/pristine');

export interface PristineOptions {
  /** Without one, labels and configuration say. */
  readonly mode?: 'watch' | 'protect' | 'heal';
  /** Without any, labels and configuration choose. */
  readonly names?: readonly string[];
  readonly configFile?: string;
  /** Whether every container is to be refused what its image does not have. */
  readonly enforces: boolean;
}

/** The part of the guard's events that is looked at. */
interface WatchingEvent {
  readonly type: string;
  readonly container?: { readonly name: string };
  readonly protection?: { readonly state: string; readonly gaps: readonly string[] };
}

/** A state directory of its own for one run of the command. */
export function stateDirectory({ folder }: Bench): Promise<string> {
  return mkdtemp(join(folder, 'state-'));
}

/**
 * Starts `pristine guard`; resolves when it is ready.
 *
 * @throws when it does not begin, or does not enforce where it should
 */
export async function startPristine(bench: Bench, options: PristineOptions): Promise<Child> {
  const { mode, names = [], configFile, enforces } = options;
  const state = await stateDirectory(bench);
  const child = await startChild(
    PRISTINE,
    [
      ...['guard', ...names, '--json', '--state', state],
      ...(mode === undefined ? [] : ['--mode', mode]),
      ...(configFile === undefined ? [] : ['--config', configFile]),
    ],
    { endWith: 'SIGINT', signal: bench.signal },
  );
  try {
    await child.line('ready', (line) => line.includes('"type":"ready"'));
    if (enforces) seeToProtection(child.lines);
    return child;
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

function seeToProtection(lines: readonly string[]): void {
  const events = lines.filter((line) => line.startsWith('{')).map((line): WatchingEvent => JSON.parse(line));
  const without = events.find(
    ({ type, protection }) => type === 'watching' && protection?.state !== 'enforced',
  );
  if (without === undefined) return;
  const { container, protection } = without;
  throw new Error(
    `the guard does not protect ${container?.name}: ${protection?.gaps.join(' ') ?? 'no reason given'}`,
  );
}
