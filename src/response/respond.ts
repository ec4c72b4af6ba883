import type { Incident, ResponseStep } from '../contract/index.ts';
import { messageOf, PristineError } from '../kernel/index.ts';
import type { Store } from '../store/index.ts';
import { giveUpIfDue, withdrawAfter } from './failure.ts';
import { Journal } from './journal.ts';
import type { ResponseDependencies } from './port.ts';
import { hasGivenUp, isAboutService, isEvidence, isLetGo, progressOf, sequenceOf } from './progress.ts';
import { STEPS } from './steps/all.ts';
import { isGone, type Step } from './steps/step.ts';

/**
 * Carries an incident, or a repave, from wherever its journal says it is to its end. Intent is on disk before each
 * step, and its outcome after. One that has ended, or that policy has given up, is left as it is.
 *
 * When a step fails, the incident is marked `failed`, the suspect stays frozen, and a later call goes on at that
 * step; when it was one about the replacement, evidence is sealed all the same.
 *
 * @returns the incident as it ended, or as policy has left it
 * @throws whatever the failing step threw, after it is in the journal; another call tries again
 * @throws {PristineError} E_OFFLINE when policy keeps it off the network; another call leaves it so
 */
export async function respond(incidentId: string, deps: ResponseDependencies): Promise<Incident> {
  const { store } = deps;
  const incident = await store.incident(incidentId);
  if (incident.endedAt !== null) return incident;
  const entries = await store.journalOf(incidentId);
  const journal = new Journal(incident, entries, deps);
  if (deps.byHand) await beginAnew(journal, hasGivenUp(entries));
  else if (hasGivenUp(entries)) return incident;
  await store.updateIncident(incidentId, { state: 'responding' });
  if (hasFailedTrial(journal) && (await giveUpIfDue(journal, failedTrial(incident), deps)))
    return store.incident(incidentId);
  await keepFrozen(journal, isLetGo(entries), deps);
  await keepServing(journal, deps);

  const failure = await carryOut(journal, deps);
  if (failure !== null) {
    await store.updateIncident(incidentId, { state: 'failed', error: messageOf(failure.error) });
    if (await giveUpIfDue(journal, failure.error, deps)) return store.incident(incidentId);
    throw failure.error;
  }
  if (journal.progress.decide?.way === 'offline') return stayOffline(journal, deps);
  await store.updateIncident(incidentId, { state: 'healed', endedAt: deps.clock.now().toISOString() });
  return store.incident(incidentId);
}

/** A hardened replacement that failed once is not tried again, also when the roll-back was interrupted. */
function hasFailedTrial(journal: Journal): boolean {
  const { decide } = journal.progress;
  return decide?.way === 'repave' && decide.plan !== undefined && journal.failures(isAboutService) > 0;
}

function failedTrial({ container: { name } }: Incident): PristineError {
  return new PristineError('E_REPLACE', `the hardened ${name} failed, and its roll-back was interrupted`, {
    next: `Look at what was refused with "pristine incident", and make the plan anew with "pristine harden ${name}".`,
  });
}

/** Runs the steps that are left. After one about the replacement has failed, those that keep evidence. */
async function carryOut(journal: Journal, deps: ResponseDependencies): Promise<{ error: unknown } | null> {
  const { incident } = journal;
  const skipped = new Set<ResponseStep>();
  let failure: { error: unknown } | null = null;
  for (;;) {
    const name = sequenceOf(journal.progress).find(
      (step) =>
        journal.progress[step] === undefined && !skipped.has(step) && (failure === null || isEvidence(step)),
    );
    if (name === undefined) return failure;
    if (await isCompromised(journal, deps)) return { error: compromised(incident) };
    const step = STEPS[name] as Step<ResponseStep>;
    if (step.isWanted !== undefined && !(await step.isWanted(incident, journal.progress, deps))) {
      skipped.add(name);
      continue;
    }
    const intent = step.intent(incident, journal.progress);
    if (intent !== null) await journal.intent(name, intent);
    try {
      const { data, text } = await step.run(incident, journal.progress, deps);
      await journal.done(name, data, text);
    } catch (error) {
      await journal.failed(name, messageOf(error));
      failure ??= { error };
      if (!isAboutService(name)) return failure;
      await withdrawAfter(name, error, journal, deps);
    }
  }
}

/** What is repaved for its age, and found to be compromised meanwhile, needs a response, and its evidence. */
async function isCompromised(
  { incident, progress }: Journal,
  { store }: ResponseDependencies,
): Promise<boolean> {
  if (progress.decide?.way !== 'repave') return false;
  const active = await store.activeIncident(incident.container.id);
  return active !== null && active.state !== 'open';
}

function compromised({ container: { name } }: Incident): PristineError {
  return new PristineError('E_COMPROMISED', `${name} was found to be compromised while it was repaved`, {
    next: 'Nothing needs to be done: the response to the incident replaces it, and keeps the evidence.',
  });
}

/** A suspect that somebody has woken since is frozen again: docker unpause, docker restart, a restarted engine. */
async function keepFrozen(
  { incident, progress }: Pick<Journal, 'incident' | 'progress'>,
  letGo: boolean,
  { engine, layerHold }: Pick<ResponseDependencies, 'engine' | 'layerHold'>,
): Promise<void> {
  if (progress.freeze === undefined || progress.remove !== undefined) return;
  // Another process may be at its removal.
  if (!letGo) await layerHold?.hold(incident.container.id).catch(() => {});
  await engine.freeze(incident.container.id).catch((error) => {
    if (!isGone(error)) throw error;
  });
}

/** Ids of the containers that were re-created with a suspect, and are kept as long as it is. */
export async function keptWith(incidentId: string, store: Pick<Store, 'journalOf'>): Promise<string[]> {
  return progressOf(await store.journalOf(incidentId)).dependents?.old ?? [];
}

/** A replacement that has ended since, as with an engine that crashed, is brought up again before all else goes on. */
async function keepServing(journal: Journal, { engine }: ResponseDependencies): Promise<void> {
  const { replace, health } = journal.progress;
  if (replace === undefined || health === undefined) return;
  const { status } = await engine.inspect(replace.id).catch((error) => {
    if (isGone(error)) return { status: 'gone' };
    throw error;
  });
  // An engine that comes back removes what ended meanwhile and was started with --rm; what else is gone, somebody took.
  const isOver = status === 'gone' ? health.autoRemove === true : status === 'exited' || status === 'created';
  if (!isOver) return;
  await journal.undo(['replace', 'health'], 'the replacement does not run any more');
}

/** Whether a response has frozen its suspect and has not let it go. */
export async function isFrozenBy(incidentId: string, store: Pick<Store, 'journalOf'>): Promise<boolean> {
  const { freeze, remove } = progressOf(await store.journalOf(incidentId));
  return freeze !== undefined && remove === undefined;
}

/** Whether a response has come to where its suspect may go: its evidence was verified, or a person did without. */
export async function mayGo(incidentId: string, store: Pick<Store, 'journalOf'>): Promise<boolean> {
  return isLetGo(await store.journalOf(incidentId));
}

/**
 * Freezes the suspect of an incident again, where its response has frozen it and has not let it go.
 * @param options.isConnected it may be on a network again, whether it runs or not
 */
export async function refreeze(
  incidentId: string,
  deps: Pick<ResponseDependencies, 'engine' | 'store' | 'layerHold'>,
  { isConnected = false }: { readonly isConnected?: boolean } = {},
): Promise<void> {
  const { engine, store } = deps;
  const incident = await store.incident(incidentId);
  const { status } = await engine.inspect(incident.container.id);
  if (status !== 'running' && status !== 'restarting' && !isConnected) return;
  // Read after the look: what was let go since is to run.
  const entries = await store.journalOf(incidentId);
  await keepFrozen({ incident, progress: progressOf(entries) }, isLetGo(entries), deps);
}

/** A person's request counts more than what policy has decided before. */
async function beginAnew(journal: Journal, hadGivenUp: boolean): Promise<void> {
  if (hadGivenUp || journal.progress.decide?.way === 'offline') {
    await journal.undo(['decide'], 'begun anew by hand');
  }
}

async function stayOffline(journal: Journal, { store }: ResponseDependencies): Promise<never> {
  const { name } = journal.incident.container;
  const error = new PristineError(
    'E_OFFLINE',
    `${name} was compromised too often within an hour: it is kept frozen, off the network`,
    { next: `Find out how the attacker gets in, then run "pristine restore ${name}".` },
  );
  await journal.giveUp(error.message);
  await store.updateIncident(journal.incident.id, { state: 'failed', error: error.message });
  throw error;
}
