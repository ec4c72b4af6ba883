import { type Incident, type Retention, retentionSchema } from '../contract/index.ts';
import type { PruneReport } from '../evidence/index.ts';
import { PristineError } from '../kernel/index.ts';
import type { Context } from './context.ts';
import { loadPolicies } from './policies.ts';

export interface PruneRequest {
  readonly configFile?: string;
  /** Stronger than the configuration. */
  readonly limits: Retention;
  readonly dryRun: boolean;
}

/**
 * Removes evidence beyond what the configuration, or the request, wants kept.
 *
 * @throws {PristineError} E_USAGE when neither limits anything
 */
export async function pruneEvidence(context: Context, request: PruneRequest): Promise<PruneReport> {
  const { configFile, limits, dryRun } = request;
  const checked = retentionSchema.safeParse(limits);
  if (!checked.success) throw wrongLimit(checked.error.issues[0]?.path.join('.') ?? 'limit');
  const configured = configFile === undefined ? {} : (await loadPolicies({ configFile })).config.evidence;
  const retention: Retention = { ...configured, ...limits };
  const report = await pruneAsConfigured(context, retention, dryRun);
  if (report === null) throw noLimit();
  return report;
}

/** As {@link pruneEvidence}, by a configuration that is at hand; null when it limits nothing. */
export async function pruneAsConfigured(
  context: Context,
  retention: Retention | undefined,
  dryRun = false,
): Promise<PruneReport | null> {
  if (retention?.maxAge === undefined && retention?.maxBytes === undefined) return null;
  const [store, evidence] = [await context.store(), await context.evidence()];
  const protect = protectedEvidence(await store.incidents());
  return evidence.prune(retention, { now: context.clock.now(), protect, dryRun });
}

/** Incidents, and their bundles, whose evidence may still be needed: those that are not over, and those whose suspect is kept. */
export function protectedEvidence(incidents: readonly Incident[]): Set<string> {
  const needed = incidents.filter(
    ({ state, suspect }) => suspect !== null || !['healed', 'closed'].includes(state),
  );
  return new Set(needed.flatMap(({ id, bundles }) => [id, ...bundles]));
}

function wrongLimit(what: string): PristineError {
  return new PristineError('E_USAGE', `${what} is not what it must be`, {
    next: 'Give an age such as 90d, and bytes as a whole number.',
  });
}

function noLimit(): PristineError {
  return new PristineError('E_USAGE', 'nothing says how much evidence is to be kept', {
    next: 'Give --max-age or --max-bytes, or a configuration with evidence.maxAge or evidence.maxBytes.',
  });
}
