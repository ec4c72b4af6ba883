import type { Incident } from '../../contract/index.ts';
import type { Difference, ReplacementPlan } from '../../engine/index.ts';
import { messageOf, PristineError, printable } from '../../kernel/index.ts';
import type { ResponseDependencies } from '../port.ts';
import type { Progress } from '../progress.ts';
import { isGone, requestFor, required, type Step } from './step.ts';

export const prepare: Step<'prepare'> = {
  intent: ({ container }) => `start a pristine container beside ${container.name}`,
  run: async (incident, progress, deps) => {
    const { engine, healthTimeoutMs } = deps;
    const request = requestFor(incident, progress);
    const [plan, carried] = await Promise.all([
      engine.planReplacement(incident.container.id, request),
      carriedFolders(incident, progress, deps),
    ]);
    const why = whyNotEarly(plan, carried);
    if (why !== null) return { data: { candidate: null }, text: `not possible: ${why}` };
    try {
      const made = await engine.prepareReplacement(incident.container.id, request, {
        place: 'internal-network',
      });
      await engine.waitHealthy(made.id, healthTimeoutMs).catch(tellTrial(made.id, deps));
      return { data: { candidate: made.id }, text: `${made.id.slice(0, 12)} is ready` };
    } catch (error) {
      await engine.withdrawReplacement(incident.container.id, request);
      // What is to be repaved serves well; a suspect must be frozen all the same.
      if (progress.decide?.way === 'repave') throw error;
      return { data: { candidate: null }, text: `not possible: ${messageOf(error)}` };
    }
  },
};

function whyNotEarly(
  { sharedWritable: shared, notPreparable }: ReplacementPlan,
  carried: readonly string[],
): string | null {
  const first = (paths: readonly string[]) => paths.slice(0, 3).map(printable).join(', ');
  if (carried.length > 0) return `what it has in ${first(carried)} goes over once it has ended`;
  return shared.length > 0 ? `both would write to ${first(shared)}` : notPreparable;
}

/**
 * Folders that hold data in the root filesystem, and for which the plan of a container that nobody suspects has a
 * volume. Of one that is compromised nothing goes over: what comes in its place is as the image has it.
 */
async function carriedFolders(
  { container }: Incident,
  { decide }: Progress,
  { engine }: ResponseDependencies,
): Promise<string[]> {
  if (decide?.way !== 'repave' || decide.plan === undefined) return [];
  const { mounts } = await engine.inspect(container.id);
  const mounted = new Set(mounts.map(({ destination }) => destination));
  return decide.plan.configuration.mounts
    .filter(({ kind, path }) => kind === 'volume' && !mounted.has(path))
    .map(({ path }) => path);
}

/** Lets whoever tries a replacement look at it, before it is taken away for the error. */
function tellTrial(id: string, { trial }: ResponseDependencies): (error: unknown) => Promise<never> {
  return async (error) => {
    await trial?.failed(id);
    throw error;
  };
}

export const redirect: Step<'redirect'> = {
  intent: ({ container }) => `lead new connections of ${container.name} to its replacement`,
  run: async ({ container }, { decide, prepare: prepared }, { engine }) => {
    const standby = decide?.way === 'standby' ? await engine.standbyOf(container.id) : null;
    const candidate = prepared?.candidate ?? standby?.id ?? null;
    if (candidate === null) return { data: { candidate }, text: 'no standby is running' };
    // Without it the switch takes a moment longer.
    const led = await engine.redirect(container.id, candidate).catch(() => false);
    const text = led
      ? `they go to ${candidate.slice(0, 12)}`
      : 'nothing to lead: they go on when it is in place';
    return { data: { candidate }, text };
  },
};

export const replace: Step<'replace'> = {
  intent: ({ container }) => `put a pristine container in the place of ${container.name}`,
  run: async (incident, progress, deps) => {
    const { engine, store, startHold } = deps;
    const candidate = candidateOf(progress);
    try {
      const carry = await carriedFolders(incident, progress, deps);
      const replacement = await engine.replacePristine(incident.container.id, {
        ...requestFor(incident, progress),
        ...(candidate === null ? {} : { candidate }),
        ...(carry.length === 0 ? {} : { carry }),
      });
      // Where another came in the candidate's place, as after a crash of the engine, new connections went nowhere.
      if (progress.redirect !== undefined) await engine.endRedirection(incident.container.id);
      await store.updateIncident(incident.id, { replacement });
      const how = progress.decide?.plan === undefined ? 'pristine' : 'hardened';
      const text = `${replacement.name} runs again, ${how}, as ${replacement.id.slice(0, 12)}`;
      return { data: { ...replacement }, text };
    } finally {
      if (progress.freeze?.candidate != null) await startHold?.release(progress.freeze.candidate);
    }
  },
};

function candidateOf({ prepare: prepared, redirect: led, freeze }: Progress): string | null {
  return freeze?.candidate ?? led?.candidate ?? prepared?.candidate ?? null;
}

export const health: Step<'health'> = {
  intent: () => 'wait until the replacement is healthy',
  run: async (_incident, { replace: replaced }, deps) => {
    const { engine, healthTimeoutMs, trial } = deps;
    const { id } = required(replaced, 'replace');
    await engine
      .waitHealthy(id, healthTimeoutMs)
      .then(() => trial?.check(id))
      .catch(tellTrial(id, deps));
    const { autoRemove } = await engine.inspect(id);
    return { data: { autoRemove }, text: 'the replacement is healthy' };
  },
};

/** So many differences are named; the others are counted. */
const MAX_NAMED = 5;

export const compare: Step<'compare'> = {
  intent: () => 'compare its configuration with the original’s',
  run: async (incident, { replace: replaced, capture }, deps) => {
    const differences = await differencesOf(incident.container.id, required(replaced, 'replace').id, deps);
    if (differences === null) {
      return { data: { explained: 0, unexplained: 0 }, text: 'not possible: the original is gone' };
    }
    const unknown = differences.filter(({ because }) => because === null);
    const data = { explained: differences.length - unknown.length, unexplained: unknown.length };
    if (unknown.length === 0)
      return { data, text: `the same, but for ${data.explained} explained differences` };
    const names = unknown.slice(0, MAX_NAMED).map(({ path }) => printable(path));
    const why = `${incident.container.name} differs from its original in ${names.join(', ')}${unknown.length > MAX_NAMED ? ` and ${unknown.length - MAX_NAMED} more` : ''}`;
    if (deps.force) {
      await deps.evidence.recordForced(capture?.bundle ?? null, incident, why);
      return { data, text: `forced by hand, although ${why}` };
    }
    throw new PristineError('E_UNFAITHFUL', why, {
      next: 'The replacement serves, and the suspect is kept frozen. Compare both with "docker inspect"; "pristine restore --force" accepts it.',
    });
  },
};

async function differencesOf(
  id: string,
  replacement: string,
  { engine }: ResponseDependencies,
): Promise<Difference[] | null> {
  try {
    return await engine.compareReplacement(id, replacement);
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

export const dependents: Step<'dependents'> = {
  isWanted: async (_incident, { decide }) => decide?.recovery.dependents === 'recreate',
  intent: ({ container }) => `re-create what depends on ${container.name}`,
  run: async (incident, { replace: replaced }, { engine }) => {
    const { id } = required(replaced, 'replace');
    const made = await engine.recreateDependents(incident.container.id, id, incident.id);
    const old: string[] = [];
    for (const { id: one } of made) old.push((await engine.inspect(one)).labels['pristine.replaces'] ?? '');
    const data = { recreated: made.map((one) => one.id), old: old.filter((one) => one !== '') };
    const names = made.map(({ name }) => name).join(', ');
    return { data, text: names === '' ? 'nothing does' : `re-created ${names}` };
  },
};
