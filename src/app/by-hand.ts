import type { Incident } from '../contract/index.ts';
import { worstSeverity } from '../drift/index.ts';
import type { ContainerDetails, ReplacementPlan } from '../engine/index.ts';
import { newId, PristineError } from '../kernel/index.ts';
import { automaticOrder, respond, type StepReport } from '../response/index.ts';
import { assess } from './assess.ts';
import type { Context } from './context.ts';
import { containerSubject } from './drift-subject.ts';
import { capture } from './evidence-keeper.ts';
import { discardSuspect } from './guard/kept-suspects.ts';
import { openRepave } from './guard/repaves.ts';
import { loadPolicies, type Policies } from './policies.ts';
import { readerFor } from './readers.ts';
import { responseDependencies } from './response-dependencies.ts';
import { meantBy } from './unfinished.ts';

export interface CaptureByHand {
  readonly bundle: string;
  /** Folder of the bundle. */
  readonly path: string;
  readonly frozen: boolean;
}

export interface ByHandOptions {
  readonly onProgress: (sentence: string) => void;
  readonly signal?: AbortSignal;
}

/** Evidence now, of a container that is left as it was, or frozen first and left frozen. */
export async function captureByHand(
  context: Context,
  reference: string,
  options: ByHandOptions & { readonly freeze: boolean },
): Promise<CaptureByHand> {
  const { freeze, ...rest } = options;
  const engine = await context.engine();
  const found = await engine.inspect(reference);
  if (freeze) await engine.freeze(found.id);
  const suspect = freeze ? await engine.inspect(found.id) : found;
  const frozen = suspect.status === 'paused';
  const { bundle, path } = await capture(context, engine, {
    suspect,
    incident: null,
    timeline: [],
    frozen,
    ...rest,
  });
  return { bundle, path, frozen };
}

export interface RestoreOptions extends ByHandOptions {
  /** Goes on with evidence that does not verify, and with differences that nobody explains; it is recorded. */
  readonly force?: boolean;
  readonly configFile?: string;
}

/**
 * Preserve, then replace, by hand: the container's open incident is carried to its end; without one, an
 * incident is opened with whatever its drift shows.
 */
export async function restoreByHand(
  context: Context,
  reference: string,
  { onProgress, force = false, ...flags }: RestoreOptions,
): Promise<Incident> {
  const policies = await loadPolicies(flags);
  const dependencies = await responseDependencies(context, policies, onProgress);
  const meant = await meantBy(reference, 'incident', dependencies);
  const incident = 'begun' in meant ? meant.begun : await openByHand(context, meant.container, policies);
  return respond(incident, {
    ...dependencies,
    byHand: true,
    force,
    onStep: tellIntents(onProgress),
  });
}

export interface RestorePlan extends ReplacementPlan {
  /** Which order the response would take. */
  readonly order: string;
}

/** What {@link restoreByHand} would do, with every check that can be made; nothing is changed. */
export async function planRestore(
  context: Context,
  reference: string,
  flags: { readonly configFile?: string },
): Promise<RestorePlan> {
  const [engine, policies] = [await context.engine(), await loadPolicies(flags)];
  const suspect = await engine.inspect(reference);
  const { order, standby } = policies.policyFor(suspect).recovery;
  const plan = await engine.planReplacement(suspect.id, {
    labels: { 'pristine.incident': 'none', 'pristine.replaces': suspect.id },
    suspectName: `${suspect.name}-suspect`,
  });
  const chosen = standby === 'warm' ? 'standby' : order;
  return { ...plan, order: chosen === 'auto' ? automaticOrder(plan) : chosen };
}

/** Replaces a container that nobody suspects, as its age would have it; one that was begun is carried to its end. */
export async function repaveByHand(
  context: Context,
  reference: string,
  { onProgress, ...flags }: ByHandOptions & { readonly configFile?: string },
): Promise<Incident> {
  const policies = await loadPolicies(flags);
  const dependencies = await responseDependencies(context, policies, onProgress);
  const meant = await meantBy(reference, 'repave', dependencies);
  const id =
    'begun' in meant
      ? meant.begun
      : await openRepave(dependencies, meant.container, policies.policyFor(meant.container).mode);
  return respond(id, { ...dependencies, onStep: tellIntents(onProgress) });
}

/** What is about to be done is what a person waits for. */
function tellIntents(onProgress: (sentence: string) => void): (report: StepReport) => void {
  return ({ phase, text }) => {
    if (phase === 'intent') onProgress(text);
  };
}

async function openByHand(context: Context, suspect: ContainerDetails, policies: Policies): Promise<string> {
  const [engine, store] = [await context.engine(), await context.store()];
  const reader = readerFor(suspect, engine);
  const policy = policies.policyFor(suspect);
  const subject = containerSubject(suspect, reader, policy);
  const { changes } = await subject.scan();
  const { findings } = await assess(subject, changes, context.clock.now());
  const id = newId('inc', context.clock);
  const at = context.clock.now().toISOString();
  const { name, image } = suspect;
  await store.openIncident({
    id,
    container: { id: suspect.id, name, image },
    mode: policy.mode,
    openedAt: at,
  });
  for (const finding of findings) await store.addFinding(id, finding);
  const worst = worstSeverity(findings);
  const text = `restored by hand, with ${findings.length} findings${worst === null ? '' : `, the worst ${worst}`}`;
  await store.addTimeline(id, { at, kind: 'decision', text });
  return id;
}

/**
 * Removes the suspect that an incident keeps, before its time.
 * @throws {PristineError} E_USAGE when it keeps none
 */
export async function discardByHand(context: Context, incidentId: string): Promise<Incident> {
  const dependencies = await responseDependencies(context);
  const { store } = dependencies;
  const incident = await store.incident(incidentId);
  if (incident.suspect === null) {
    throw new PristineError('E_USAGE', `the incident ${incidentId} keeps no suspect`, {
      next: '"pristine incidents" says which incidents do.',
    });
  }
  await discardSuspect(incident, dependencies);
  return store.incident(incidentId);
}
