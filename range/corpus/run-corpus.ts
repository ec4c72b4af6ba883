import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Docker } from '../docker.ts';
import type { Task } from '../task.ts';
import { ensureClients } from './clients.ts';
import { removeMade } from './remove-made.ts';
import { type CorpusResult, runService } from './run-service.ts';
import type { CorpusService } from './service.ts';
import type { CorpusRun } from './start-service.ts';

export interface CorpusOptions {
  readonly docker: Docker;
  readonly task: Task;
  readonly services: readonly CorpusService[];
  /** Name of the label that everything carries. */
  readonly labelled: string;
  readonly signal: AbortSignal;
  /** Called as each is done. */
  readonly onResult?: (result: CorpusResult) => void;
  /** Called with what could not be removed at the end. */
  readonly onLeft: (what: string[]) => void;
}

/** Hardens services one after the other; nothing of them is left but their images. */
export async function runCorpus(options: CorpusOptions): Promise<CorpusResult[]> {
  const { docker, task, services, labelled, signal, onResult, onLeft } = options;
  await ensureClients({ docker, task, signal });
  const run = randomBytes(4).toString('hex');
  const results: CorpusResult[] = [];
  for (const service of services) {
    signal.throwIfAborted();
    const state = await mkdtemp(join(tmpdir(), 'pristine-corpus-'));
    const [label, prefix] = [`${labelled}=corpus-${run}`, `pristine-corpus-${run}-`];
    const corpus: CorpusRun = { docker, task, label, prefix, state, signal };
    try {
      const result = await runService(service, corpus);
      results.push(result);
      onResult?.(result);
    } finally {
      // First, as an engine that is gone removes nothing.
      await rm(state, { recursive: true, force: true });
      const left = await removeMade(docker, label, prefix);
      if (left.length > 0) onLeft(left);
    }
  }
  return results;
}
