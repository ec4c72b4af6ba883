/**
 * The steps of a response. Each says what it is about to do, does it, and answers with what later steps and a
 * later start need to know. Every step can be run again after a crash without doing anything twice.
 */
import type { Incident, ResponseStep } from '../contract/index.ts';
import type { FrozenState } from '../engine/index.ts';
import { messageOf, PristineError } from '../kernel/index.ts';
import type { ResponseDependencies } from './port.ts';

/** What the steps so far have left; exactly what the journal holds. */
export interface Progress {
  lock?: Record<string, never>;
  freeze?: { frozen: FrozenState };
  capture?: { bundle: string };
  verify?: { filesChecked: number };
  replace?: { id: string; name: string };
  decide?: Record<string, never>;
  prepare?: Record<string, never>;
  redirect?: Record<string, never>;
  stop?: Record<string, never>;
  compare?: Record<string, never>;
  dependents?: Record<string, never>;
  keep?: Record<string, never>;
  health?: Record<string, never>;
  remove?: Record<string, never>;
}

interface Step<Name extends ResponseStep> {
  readonly name: Name;
  /** Whether it is a part of this response; a step without this always is. */
  isWanted?(incident: Incident, progress: Progress, deps: ResponseDependencies): Promise<boolean>;
  /** What is about to happen, for the timeline. */
  intent(incident: Incident): string;
  run(incident: Incident, progress: Progress, deps: ResponseDependencies): Promise<Outcome<Name>>;
}

interface Outcome<Name extends ResponseStep> {
  /** For the journal. */
  readonly data: NonNullable<Progress[Name]>;
  /** What has happened, for the timeline. */
  readonly text: string;
}

const lock: Step<'lock'> = {
  name: 'lock',
  isWanted: async (incident, { freeze: frozen }, { lockFirst }) => {
    if (frozen !== undefined || lockFirst === undefined) return false;
    // A container that cannot be asked about will stop the next step, which says so better.
    return lockFirst.isWanted(incident).catch(() => false);
  },
  intent: ({ container }) => `make ${container.name} read-only`,
  run: async (incident, _progress, { lockFirst }) => {
    try {
      return { data: {}, text: (await lockFirst?.lock(incident)) ?? 'not locked' };
    } catch (error) {
      // The freeze matters more, and needs no lock.
      return { data: {}, text: `it could not be made read-only: ${messageOf(error)}` };
    }
  },
};

const freeze: Step<'freeze'> = {
  name: 'freeze',
  intent: ({ container }) => `pause ${container.name} and cut its network`,
  run: async ({ container }, _progress, { engine }) => {
    const frozen = await engine.freeze(container.id);
    const text =
      frozen.networks.length === 0 ? 'paused' : `paused and taken off ${frozen.networks.join(', ')}`;
    return { data: { frozen }, text };
  },
};

const capture: Step<'capture'> = {
  name: 'capture',
  intent: () => 'capture evidence',
  run: async (incident, _progress, { engine, store, evidence }) => {
    const kept = await evidence.sealedBundle(incident);
    if (kept !== null) return { data: { bundle: kept }, text: `evidence was sealed before as ${kept}` };
    const suspect = await engine.inspect(incident.container.id);
    const bundle = await evidence.capture(suspect, incident, await store.timeline(incident.id));
    await store.addBundle(incident.id, bundle);
    return { data: { bundle }, text: `evidence sealed as ${bundle}` };
  },
};

const verify: Step<'verify'> = {
  name: 'verify',
  intent: () => 'verify the evidence',
  run: async (incident, { capture: captured }, { evidence }) => {
    const bundle = required(captured, 'capture').bundle;
    const report = await evidence.verify(bundle);
    if (!report.ok) {
      const first = report.problems[0];
      throw new PristineError(
        'E_EVIDENCE_INVALID',
        `the bundle ${bundle} does not verify: ${first?.subject}: ${first?.detail}`,
        {
          next: `The suspect ${incident.container.name} is kept frozen. Look at the disk, then run "pristine restore ${incident.container.name}".`,
        },
      );
    }
    const { filesChecked } = report;
    return { data: { filesChecked }, text: `evidence verified: ${filesChecked} files` };
  },
};

const replace: Step<'replace'> = {
  name: 'replace',
  intent: ({ container }) => `put a pristine container in the place of ${container.name}`,
  run: async (incident, _progress, { engine, store }) => {
    const replacement = await engine.replacePristine(incident.container.id, {
      labels: { 'pristine.incident': incident.id, 'pristine.replaces': incident.container.id },
      suspectName: `${incident.container.name}-${incident.id}`,
    });
    await store.updateIncident(incident.id, { replacement });
    const text = `${replacement.name} runs again, pristine, as ${replacement.id.slice(0, 12)}`;
    return { data: { ...replacement }, text };
  },
};

const health: Step<'health'> = {
  name: 'health',
  intent: () => 'wait until the replacement is healthy',
  run: async (_incident, { replace: replaced }, { engine, healthTimeoutMs }) => {
    await engine.waitHealthy(required(replaced, 'replace').id, healthTimeoutMs);
    return { data: {}, text: 'the replacement is healthy' };
  },
};

const remove: Step<'remove'> = {
  name: 'remove',
  intent: ({ container }) => `kill and remove the suspect ${container.id.slice(0, 12)}`,
  run: async (incident, { capture: captured }, { engine, evidence }) => {
    await evidence.recordDestruction(required(captured, 'capture').bundle, incident.container.id);
    await engine.destroy(incident.container.id);
    return { data: {}, text: 'the suspect is gone' };
  },
};

/** In order: evidence is complete and verified before anything is destroyed. */
export const STEPS: readonly Step<ResponseStep>[] = [lock, freeze, capture, verify, replace, health, remove];

function required<T>(data: T | undefined, step: ResponseStep): T {
  if (data === undefined) {
    throw new PristineError('E_INTERNAL', `the journal lacks what the step "${step}" left`, {
      next: 'Please report this with the output of "pristine incident ID --json".',
    });
  }
  return data;
}
