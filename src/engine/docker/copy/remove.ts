import { setTimeout as sleep } from 'node:timers/promises';
import { PristineError } from '../../../kernel/index.ts';
import type { Client } from '../client.ts';
import { engineFailure, refusalOf, statusOf } from '../failures.ts';
import { inspectIfThere } from '../lookup.ts';
import type { Notes } from '../notes.ts';
import { COPIES_OF, COPY_GROUP, PAUSED } from './labels.ts';
import { wake } from './pause.ts';

/** Bound on the wait for what the engine is removing already, or a killed predecessor has asked for, in milliseconds. */
const REMOVAL_MS = 30_000;
const TRY_AGAIN_AFTER_MS = 50;

/** Removes everything that was made together with a copy. */
export async function removeCopy(client: Client, notes: Notes, id: string): Promise<void> {
  const copy = await inspectIfThere(client, id);
  const group = copy?.Config.Labels?.[COPY_GROUP];
  if (group !== undefined) await removeGroup(client, notes, group);
}

export function removeGroup(client: Client, notes: Notes, group: string): Promise<void> {
  return removeLabelled(client, notes, `${COPY_GROUP}=${group}`);
}

/** Removes all copies of a container, also those that a killed process left, and wakes what that one had paused. */
export function removeCopies(client: Client, notes: Notes, originalId: string): Promise<void> {
  return removeLabelled(client, notes, `${COPIES_OF}=${originalId}`);
}

/** Until nothing is left that carries the label: containers first, as they hold the others. */
async function removeLabelled(client: Client, notes: Notes, label: string): Promise<void> {
  const filters = JSON.stringify({ label: [label] });
  const query = { filters } as object;
  const deadline = Date.now() + REMOVAL_MS;
  for (let woken = false; ; ) {
    const [containers, { Volumes: listed }, networks] = await Promise.all([
      client.ask('list copies', client.quick.listContainers({ all: true, filters })),
      client.ask('list volumes', client.quick.listVolumes(query)),
      client.ask('list networks', client.quick.listNetworks(query)),
    ]);
    const volumes = listed ?? [];
    if (containers.length + volumes.length + networks.length === 0) return;
    if (Date.now() > deadline) throw notRemoved(label);
    if (!woken) {
      for (const { Labels: labels } of volumes) if (labels?.[PAUSED]) await wake(client, labels[PAUSED]);
      woken = true;
    }
    await Promise.all(
      containers.map(async ({ Id }) => {
        await attempt(client, `remove ${Id}`, () =>
          client.patient.getContainer(Id).remove({ force: true, v: true }),
        );
        await notes.remove(Id);
      }),
    );
    for (const { Name } of volumes)
      await attempt(client, `remove the volume ${Name}`, () => client.patient.getVolume(Name).remove({}));
    for (const { Id } of networks)
      await attempt(client, `remove the network ${Id}`, () => client.patient.getNetwork(Id).remove({}));
    await sleep(TRY_AGAIN_AFTER_MS);
  }
}

/** Succeeds when it is gone already, or may go a little later. */
async function attempt(client: Client, what: string, request: () => Promise<unknown>): Promise<void> {
  try {
    await request();
  } catch (error) {
    const later = [404, 409].includes(statusOf(error) ?? 0) || /active endpoints/.test(refusalOf(error));
    if (!later) throw engineFailure(error, what, client.address.endpoint);
  }
}

function notRemoved(label: string): PristineError {
  return new PristineError('E_COPY', 'the engine does not let go of a copy', {
    next: `See what is left with "docker ps -a --filter label=${label}", and the same for volumes and networks.`,
  });
}
