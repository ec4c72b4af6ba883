import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../src/kernel/index.ts';
import type { Bench } from '../harness/bench.ts';
import { type Child, startChild } from '../harness/child.ts';

/** The command as its user has it. */
export const PRISTINE = join(packageRoot, 'bin/pristine');

export interface PristineOptions {
  /** Without one, labels and configuration say. */
  readonly mode?: 'watch' | 'protect';
  /** Without any, labels and configuration choose. */
  readonly names?: readonly string[];
  readonly configFile?: string;
}

/** A state directory of its own for one run of the command. */
export function stateDirectory({ folder }: Bench): Promise<string> {
  return mkdtemp(join(folder, 'state-'));
}

/** Starts `pristine guard`; resolves when it is ready. */
export async function startPristine(bench: Bench, options: PristineOptions): Promise<Child> {
  const { mode, names = [], configFile } = options;
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
    return child;
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}
