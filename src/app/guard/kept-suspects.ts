import type { Incident } from '../../contract/index.ts';
import { destroyHeld, keptWith, type ResponseDependencies } from '../../response/index.ts';

type Needs = Pick<ResponseDependencies, 'engine' | 'store' | 'evidence' | 'clock' | 'layerHold'>;

const GONE = 'the suspect that was kept is gone';

/**
 * Removes the suspects whose time has come.
 * @param onRemoved told of each
 */
export async function removeDueSuspects(
  deps: Needs,
  onRemoved: (incident: Incident, text: string) => void,
  onProblem: (error: unknown) => void,
): Promise<void> {
  const now = deps.clock.now().getTime();
  for (const incident of await deps.store.keptSuspects()) {
    if (Date.parse(incident.suspect?.until ?? '') > now) return;
    await discardSuspect(incident, deps).then((text) => onRemoved(incident, text), onProblem);
  }
}

/**
 * Removes a suspect that is kept beside its replacement. Its evidence was sealed and verified before it was kept;
 * the ledger records the end.
 * @returns what has happened, for people
 */
export async function discardSuspect(incident: Incident, deps: Needs): Promise<string> {
  const { suspect } = incident;
  if (suspect === null) return 'no suspect is kept';
  const { engine, store, evidence, clock } = deps;
  const bundle = incident.bundles.at(-1);
  if (bundle !== undefined) await evidence.recordDestruction(bundle, suspect.id);
  await deps.layerHold?.release(suspect.id);
  await destroyHeld(engine, suspect.id);
  for (const id of await keptWith(incident.id, store)) await engine.destroy(id);
  await store.addTimeline(incident.id, {
    at: clock.now().toISOString(),
    kind: 'done',
    step: 'remove',
    text: GONE,
  });
  await store.updateIncident(incident.id, { suspect: null });
  return GONE;
}
