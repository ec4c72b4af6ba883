import type { Incident, ResponseStep } from '../contract/index.ts';
import { messageOf } from '../kernel/index.ts';
import type { JournalEntry } from '../store/index.ts';
import type { ResponseDependencies } from './port.ts';
import { type Progress, STEPS } from './steps.ts';

/**
 * Carries an incident from wherever its journal says it is to its end: the suspect frozen, captured, verified,
 * replaced, and removed. One that has ended is left as it is. Intent is on disk before each step, and its outcome after. When a step fails, the
 * incident is marked `failed`, the suspect stays as it is, and a later call goes on at that step.
 *
 * @returns the incident as it ended
 * @throws whatever the failing step threw, after it is in the journal
 */
export async function respond(incidentId: string, deps: ResponseDependencies): Promise<Incident> {
  const { store } = deps;
  const incident = await store.incident(incidentId);
  if (incident.endedAt !== null) return incident;
  const progress = progressOf(await store.journalOf(incidentId));
  await store.updateIncident(incidentId, { state: 'responding' });

  for (const step of STEPS) {
    if (progress[step.name] !== undefined) continue;
    if (step.isWanted !== undefined && !(await step.isWanted(incident, progress, deps))) continue;
    await record(incident, step.name, 'intent', step.intent(incident), {}, deps);
    try {
      const { data, text } = await step.run(incident, progress, deps);
      Object.assign(progress, { [step.name]: data });
      await record(incident, step.name, 'done', text, data, deps);
    } catch (error) {
      await store.updateIncident(incidentId, { state: 'failed', error: messageOf(error) });
      await record(incident, step.name, 'failed', messageOf(error), {}, deps);
      throw error;
    }
  }

  await store.updateIncident(incidentId, { state: 'healed', endedAt: deps.clock.now().toISOString() });
  return store.incident(incidentId);
}

/** What the finished steps of a journal left. */
function progressOf(journal: readonly JournalEntry[]): Progress {
  const done = journal.filter(({ phase }) => phase === 'done');
  return Object.fromEntries(done.map(({ step, data }) => [step, data])) as Progress;
}

async function record(
  incident: Incident,
  step: ResponseStep,
  phase: JournalEntry['phase'],
  text: string,
  data: JournalEntry['data'],
  { store, clock, onStep }: ResponseDependencies,
): Promise<void> {
  const at = clock.now().toISOString();
  await store.journal({ incidentId: incident.id, step, phase, at, data });
  await store.addTimeline(incident.id, { at, kind: phase, step, text });
  onStep({ incident: incident.id, container: incident.container, step, phase, at, text });
}
