import type { Incident, ResponseOrder } from '../../contract/index.ts';
import type { ReplacementPlan } from '../../engine/index.ts';
import { messageOf, parseDuration } from '../../kernel/index.ts';
import { destroyHeld } from '../destroy-held.ts';
import type { ResponseDependencies } from '../port.ts';
import { automaticOrder, type Progress } from '../progress.ts';
import { isGone, requestFor, required, type Step } from './step.ts';

export const lock: Step<'lock'> = {
  isWanted: async (_incident, { decide, freeze: frozen }, { locking }) =>
    decide?.lockFirst === true && frozen === undefined && locking !== undefined,
  intent: ({ container }) => `make ${container.name} read-only`,
  run: async (incident, _progress, { locking }) => {
    try {
      return { data: {}, text: (await locking?.lock(incident)) ?? 'not locked' };
    } catch (error) {
      // The freeze matters more, and needs no lock.
      return { data: {}, text: `it could not be made read-only: ${messageOf(error)}` };
    }
  },
};

export const freeze: Step<'freeze'> = {
  intent: ({ container }) => `pause ${container.name} and cut its network`,
  run: async (incident, progress, deps) => {
    const { engine, layerHold, clock } = deps;
    const at = clock.now().toISOString();
    const paused = Promise.withResolvers<void>();
    const freezing = engine.freeze(incident.container.id, paused.resolve);
    // Its failure is told where it is awaited.
    freezing.catch(() => {}).finally(paused.resolve);
    // Nothing else keeps the engine busy before nothing inside runs any more.
    await paused.promise;
    // Whoever removes it now would take the evidence with it.
    const held = layerHold?.hold(incident.container.id).catch(() => {});
    const plan = await engine
      .planReplacement(incident.container.id, requestFor(incident, progress))
      .catch(() => null);
    const order = orderOf(progress, plan);
    const candidate =
      order === 'freeze-first' && plan?.notPreparable === null
        ? await prepareMeanwhile(incident.container.id, requestFor(incident, progress), deps, progress)
        : null;
    const frozen = await freezing;
    await held;
    const status = await engine.inspect(incident.container.id).then(
      (details) => details.status,
      () => 'gone',
    );
    const how = status === 'paused' ? 'paused' : `it does not run (${status})`;
    const cut = frozen.networks.length === 0 ? '' : ` and taken off ${frozen.networks.join(', ')}`;
    return { data: { frozen, order, candidate, at }, text: `${how}${cut}${reason(order, progress, plan)}` };
  },
};

function orderOf({ decide, prepare, redirect }: Progress, plan: ReplacementPlan | null): ResponseOrder {
  if (prepare?.candidate || redirect?.candidate) return 'start-first';
  const asked = decide?.recovery.order;
  if (asked === 'freeze-first' || asked === 'capture-first') return asked;
  return automaticOrder(plan);
}

function reason(order: ResponseOrder, { decide }: Progress, plan: ReplacementPlan | null): string {
  const shared = plan?.sharedWritable ?? [];
  if (order !== 'capture-first' || decide?.recovery.order === 'capture-first' || shared.length === 0)
    return '';
  return `; evidence comes first, as the replacement would write to ${shared.slice(0, 3).join(', ')} too`;
}

/** While the network is being cut; where that fails, the replacement starts a little later. */
async function prepareMeanwhile(
  id: string,
  request: ReturnType<typeof requestFor>,
  { engine, startHold }: ResponseDependencies,
  { decide }: Progress,
): Promise<string | null> {
  // Its first program would run without a network.
  if (startHold === undefined || decide?.way === 'offline') return null;
  try {
    const options = { place: 'no-network', onCreated: (made: string) => startHold.hold(made) } as const;
    return (await engine.prepareReplacement(id, request, options)).id;
  } catch {
    return null;
  }
}

export const stop: Step<'stop'> = {
  intent: ({ container }, { decide }) =>
    decide?.way === 'repave' ? `stop ${container.name}` : `kill the suspect ${container.id.slice(0, 12)}`,
  run: async ({ container }, { decide }, { engine }) => {
    const how = decide?.way === 'repave' ? 'graceful' : 'kill';
    try {
      const { status, autoRemove } = await engine.inspect(container.id);
      if (how === 'kill' && autoRemove && status === 'paused') {
        // Its end would take its anonymous volumes along, before the replacement has them.
        return {
          data: {},
          text: 'it stays paused: it was started with --rm, and would take its volumes along',
        };
      }
      await engine.stop(container.id, how);
      return { data: {}, text: how === 'kill' ? 'the suspect is dead, its layer is kept' : 'it has ended' };
    } catch (error) {
      if (isGone(error)) return { data: {}, text: 'somebody has removed it' };
      throw error;
    }
  },
};

export const keep: Step<'keep'> = {
  intent: ({ container }) => `keep the suspect ${container.id.slice(0, 12)} frozen, off the network`,
  run: async (incident, progress, deps) => {
    const { engine, store, clock, layerHold } = deps;
    const { id } = incident.container;
    const ms = parseDuration(required(progress.decide, 'decide').recovery.keepSuspect) ?? 0;
    const until = new Date(clock.now().getTime() + ms).toISOString();
    const present = await engine.inspect(id).catch((error) => {
      if (isGone(error)) return null;
      throw error;
    });
    if (present === null) {
      await layerHold?.release(id);
      return { data: { until }, text: 'somebody has removed the suspect meanwhile' };
    }
    if (present.labels[COMPOSE] !== undefined) {
      await destroy(incident, progress, deps);
      return {
        data: { until },
        text: 'removed: Compose would take it for the service, and its replacement for one too many',
      };
    }
    // Its evidence is sealed: who wants it gone may remove it.
    await layerHold?.release(id);
    await store.updateIncident(incident.id, { suspect: { id, name: present.name, until } });
    return { data: { until }, text: `the suspect is kept as ${present.name} until ${until}` };
  },
};

/** By this label Compose finds the containers of a project, whatever their names are. */
const COMPOSE = 'com.docker.compose.project';

export const remove: Step<'remove'> = {
  intent: ({ container }) => `kill and remove ${container.id.slice(0, 12)}`,
  run: async (incident, progress, deps) => {
    await destroy(incident, progress, deps);
    return { data: {}, text: 'it is gone' };
  },
};

/** Removes a container that was replaced, and those that were re-created with it; the ledger knows before. */
async function destroy(
  { container }: Incident,
  { capture, dependents }: Progress,
  { engine, evidence, layerHold }: ResponseDependencies,
): Promise<void> {
  if (capture?.bundle != null) await evidence.recordDestruction(capture.bundle, container.id);
  await layerHold?.release(container.id);
  await destroyHeld(engine, container.id);
  for (const id of dependents?.old ?? []) await engine.destroy(id);
}
