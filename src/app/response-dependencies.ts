import type { Incident } from '../contract/index.ts';
import { policyFor } from '../drift/index.ts';
import type { ResponseDependencies } from '../response/index.ts';
import type { Context } from './context.ts';
import { evidenceKeeper } from './evidence-keeper.ts';
import { locking } from './lock.ts';
import type { Policies } from './policies.ts';

/** Bound on the wait for a replacement's health. */
const HEALTH_TIMEOUT_MS = 120_000;

/**
 * Everything that a response needs but someone to tell of its steps.
 * @param policies what the configuration says; labels and defaults alone when absent
 * @param onProgress told what is being captured
 */
export async function responseDependencies(
  context: Context,
  policies: Pick<Policies, 'policyFor' | 'config'> = byLabels,
  onProgress?: (sentence: string) => void,
): Promise<Omit<ResponseDependencies, 'onStep'>> {
  const [engine, store, evidence] = [await context.engine(), await context.store(), await context.evidence()];
  return {
    engine,
    store,
    evidence: evidenceKeeper(context, engine, evidence, onProgress, policies.config.evidence?.keepFree),
    locking: locking(context),
    policyFor: async ({ container }: Incident) => policies.policyFor(await engine.inspect(container.id)),
    clock: context.clock,
    healthTimeoutMs: HEALTH_TIMEOUT_MS,
  };
}

const byLabels: Pick<Policies, 'policyFor' | 'config'> = {
  config: { version: 1 },
  policyFor: (container) => policyFor({ version: 1 }, container, container.labels, {}),
};
