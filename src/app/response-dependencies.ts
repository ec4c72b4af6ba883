import type { ResponseDependencies } from '../response/index.ts';
import type { Context } from './context.ts';
import { evidenceKeeper } from './evidence-keeper.ts';

/** Bound on the wait for a replacement's health. */
const HEALTH_TIMEOUT_MS = 120_000;

/**
 * Everything that a response needs but someone to tell of its steps.
 * @param onProgress told what is being captured
 */
export async function responseDependencies(
  context: Context,
  onProgress?: (sentence: string) => void,
): Promise<Omit<ResponseDependencies, 'onStep'>> {
  const [engine, store, evidence] = [await context.engine(), await context.store(), await context.evidence()];
  return {
    engine,
    store,
    evidence: evidenceKeeper(context, engine, evidence, onProgress),
    clock: context.clock,
    healthTimeoutMs: HEALTH_TIMEOUT_MS,
  };
}
