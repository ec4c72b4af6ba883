import type { Incident } from '../../contract/index.ts';
import type { ResponseDependencies } from '../../response/index.ts';

type Needs = Pick<ResponseDependencies, 'engine' | 'store' | 'evidence' | 'clock' | 'layerHold'>;

/** Removes the suspects whose time has come. */
export async function removeDueSuspects(deps: Needs, onProblem: (error: unknown) => void): Promise<void> {
  const now = deps.clock.now().getTime();
  for (const incident of await deps.store.keptSuspects()) {
    if (Date.parse(incident.suspect?.until ?? '') > now) return;
    await discardSuspect(incident, deps).catch(onProblem);
  }
}

/**
 * Removes a suspect that is kept beside its replacement. Its evidence was sealed and verified before it was kept;
 * the ledger records the end.
 */
export async function discardSuspect(incident: Incident, deps: Needs): Promise<void> {
  const { suspect } = incident;
  if (suspect === null) return;
  const { engine, store, evidence, clock } = deps;
  const bundle = incident.bundles.at(-1);
  if (bundle !== undefined) await evidence.recordDestruction(bundle, suspect.id);
  await deps.layerHold?.release(suspect.id);
  await engine.destroy(suspect.id);
  await store.addTimeline(incident.id, {
    at: clock.now().toISOString(),
    kind: 'done',
    step: 'remove',
    text: 'the suspect that was kept is gone',
  });
  await store.updateIncident(incident.id, { suspect: null });
}
