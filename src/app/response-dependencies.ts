import type { Incident } from '../contract/index.ts';
import { policyFor } from '../drift/index.ts';
import type { Engine } from '../engine/index.ts';
import type { AppliedPlan, ResponseDependencies } from '../response/index.ts';
import type { Context } from './context.ts';
import { evidenceKeeper } from './evidence-keeper.ts';
import { locking } from './lock.ts';
import { loadPlan, provenPlanFor } from './plans.ts';
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
    planFor: (incident) => planFor(context, engine, incident),
    clock: context.clock,
    healthTimeoutMs: HEALTH_TIMEOUT_MS,
  };
}

async function planFor(
  { stateDirectory }: Context,
  engine: Engine,
  { plan: named, container: { id, name } }: Incident,
): Promise<AppliedPlan | null> {
  const plan =
    named !== undefined
      ? await loadPlan(stateDirectory, named)
      : await provenPlanFor(stateDirectory, { name, imageId: (await engine.inspect(id)).imageId });
  return plan === null ? null : { id: plan.id, configuration: plan.configuration };
}

const byLabels: Pick<Policies, 'policyFor' | 'config'> = {
  config: { version: 1 },
  policyFor: (container) => policyFor({ version: 1 }, container, container.labels, {}),
};
