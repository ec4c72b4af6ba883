/** What is done when a replacement cannot be had. */
import type { ResponseStep } from '../contract/index.ts';
import { messageOf, PristineError } from '../kernel/index.ts';
import { destroyHeld } from './destroy-held.ts';
import type { Journal } from './journal.ts';
import type { ResponseDependencies } from './port.ts';
import { isAboutService } from './progress.ts';
import { isGone, requestFor } from './steps/step.ts';

/** After these the replacement is of no use, and the next attempt makes another. */
const WITHDRAWN_AFTER: readonly string[] = ['E_UNHEALTHY', 'E_REPLACE'];

/** Takes a replacement that does not serve away, so that the next attempt begins with a new one. */
export async function withdrawAfter(
  step: ResponseStep,
  error: unknown,
  journal: Journal,
  { engine, store }: ResponseDependencies,
): Promise<void> {
  const { incident, progress } = journal;
  const { decide } = progress;
  if (!(error instanceof PristineError) || !WITHDRAWN_AFTER.includes(error.code) || decide === undefined)
    return;
  if (step !== 'replace' && step !== 'health') return;
  try {
    await engine.withdrawReplacement(incident.container.id, requestFor(incident, progress));
  } catch {
    // The next attempt finds it by its labels.
    return;
  }
  await store.updateIncident(incident.id, { replacement: null });
  await journal.undo(['prepare', 'redirect', 'replace', 'health'], 'the replacement was taken away again');
  // Nobody has proved that it can live with a read-only root, or what was proven does not hold any more.
  const { plan, ...writable } = decide;
  if (decide.readOnly) await journal.amend('decide', { ...writable, readOnly: false });
}

/**
 * Ends the attempts when they were as many as policy allows, and leaves things as policy wants them.
 *
 * @returns whether the attempts have ended; otherwise they go on, and the suspect is kept frozen
 */
export async function giveUpIfDue(
  journal: Journal,
  error: unknown,
  deps: ResponseDependencies,
): Promise<boolean> {
  const { decide, freeze } = journal.progress;
  const { incident } = journal;
  if (freeze === undefined && decide?.way !== 'repave' && isGone(error)) {
    if (!(await isRemoved(incident.container.id, deps))) return false;
    // A replacement may wait already.
    await deps.engine.withdrawReplacement(incident.container.id, requestFor(incident, journal.progress));
    await close(journal, 'somebody has removed it before it was frozen: nothing of it is left', deps);
    return true;
  }
  if (decide === undefined) return false;
  if (decide.way === 'repave') return endRepave(journal, error, deps);
  if (await isTakenDown(journal, deps)) {
    await close(journal, 'somebody has taken it down, with its network; it is not brought back', deps);
    return true;
  }
  const { attempts, onFailure } = decide.recovery;
  const failures = journal.failures(isAboutService);
  if (failures < attempts || !isAboutLastStep(journal)) return false;
  if (await isRemoved(incident.container.id, deps)) {
    await close(journal, 'somebody has taken it down; it is not brought back', deps);
    return true;
  }
  if (onFailure === 'keep-frozen' || freeze === undefined) {
    if (failures === attempts) {
      await journal.note(`after ${attempts} attempts: the suspect is kept frozen, and the attempts go on`);
    }
    return false;
  }
  await thaw(journal, onFailure, error, deps);
  return true;
}

/**
 * Whether somebody has removed it, and its networks too, as "docker compose down" does. Its removal may have been
 * refused meanwhile for the sake of the evidence; that must be sealed.
 */
async function isTakenDown(
  { incident, progress }: Journal,
  { engine }: ResponseDependencies,
): Promise<boolean> {
  const { id } = incident.container;
  if (progress.verify === undefined && progress.capture?.bundle !== null) return false;
  const status = await engine.inspect(id).then(
    (details) => details.status,
    (error) => (isGone(error) ? 'gone' : 'unknown'),
  );
  if (status !== 'gone' && status !== 'dead') return false;
  const plan = await engine.planReplacement(id, requestFor(incident, progress)).catch(() => null);
  return (plan?.missingNetworks.length ?? 0) > 0;
}

async function close(journal: Journal, because: string, deps: ResponseDependencies): Promise<void> {
  const { id, container } = journal.incident;
  const { bundle } = journal.progress.capture ?? {};
  if (bundle != null) await deps.evidence.recordDestruction(bundle, container.id);
  await deps.layerHold?.release(container.id);
  // Dead to the engine, which was refused its removal.
  await destroyHeld(deps.engine, container.id);
  await journal.giveUp(because);
  await deps.store.updateIncident(id, { state: 'closed', endedAt: deps.clock.now().toISOString() });
}

function isAboutLastStep(journal: Journal): boolean {
  return journal.progress.health === undefined;
}

async function isRemoved(id: string, { engine }: ResponseDependencies): Promise<boolean> {
  return engine.inspect(id).then(() => false, isGone);
}

async function thaw(
  journal: Journal,
  onFailure: 'thaw' | 'lock',
  error: unknown,
  deps: ResponseDependencies,
): Promise<void> {
  const { incident, progress } = journal;
  const { engine, store, locking, layerHold } = deps;
  const { name, id } = incident.container;
  await engine.withdrawReplacement(id, requestFor(incident, progress));
  const lock = async () =>
    onFailure === 'lock'
      ? await locking?.lock(incident).catch((failure) => `not locked: ${messageOf(failure)}`)
      : undefined;
  // Before it wakes: whoever sees that would freeze it again.
  const undone: ResponseStep[] = ['prepare', 'redirect', 'freeze', 'capture', 'verify', 'stop', 'replace'];
  await store.updateIncident(incident.id, { replacement: null });
  // Evidence too: what it does from now on is not in the bundle that there is.
  await journal.undo(undone, 'it is let go');
  await layerHold?.release(id);
  const { status } = await engine.inspect(id);
  let locked = status === 'exited' ? undefined : await lock();
  await engine.thaw(id, progress.freeze?.frozen ?? { wasPaused: false, networks: [] });
  if (status === 'exited') {
    // Killed after its evidence was sealed: only what runs can be locked.
    await engine.start(id);
    locked = await lock();
  }
  const text = `no replacement of ${name} could be had (${messageOf(error)}): the compromised container serves again${locked === undefined ? '' : `, ${locked}`}. "pristine restore ${name}" tries again`;
  await journal.giveUp(text);
  await store.updateIncident(incident.id, { state: 'failed', error: text });
}

/** A repave that fails must cost nothing: the old container serves as before. */
async function endRepave(journal: Journal, error: unknown, deps: ResponseDependencies): Promise<boolean> {
  const { incident, progress } = journal;
  const isCompromised = error instanceof PristineError && error.code === 'E_COMPROMISED';
  // What serves as it should is left; only its leftovers are to go.
  if (progress.compare !== undefined && !isCompromised) return false;
  const { engine, store, clock } = deps;
  const { id } = incident.container;
  await engine.endRedirection(id);
  await engine.withdrawReplacement(id, requestFor(incident, progress));
  // Before it runs: whoever goes on after a crash must stop it again before there are two.
  const undone: ResponseStep[] = ['prepare', 'redirect', 'stop', 'replace', 'health', 'compare'];
  await journal.undo(undone, 'the old container is to have its place again');
  // What is compromised need not run to be examined, and its own response brings the service back.
  if (!isCompromised) {
    await engine.start(id).catch((failure) => {
      if (!isGone(failure)) throw failure;
    });
  }
  const end = isCompromised ? '' : '; the old container serves on';
  await journal.giveUp(
    `it was not ${progress.decide?.plan === undefined ? 'repaved' : 'hardened'}: ${messageOf(error)}${end}`,
  );
  await store.updateIncident(incident.id, { state: 'closed', endedAt: clock.now().toISOString() });
  return true;
}
