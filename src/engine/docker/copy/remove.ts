import type { Client } from '../client.ts';
import { engineFailure, statusOf } from '../failures.ts';
import { inspectIfThere } from '../lookup.ts';
import { COPIES_OF, COPY_GROUP } from './labels.ts';

/** Removes everything that was made together with a copy. */
export async function removeCopy(client: Client, id: string): Promise<void> {
  const copy = await inspectIfThere(client, id);
  const group = copy?.Config.Labels?.[COPY_GROUP];
  if (group !== undefined) await removeGroup(client, group);
}

export function removeGroup(client: Client, group: string): Promise<void> {
  return removeLabelled(client, `${COPY_GROUP}=${group}`);
}

/** Removes all copies of a container, also those that a killed process left. */
export function removeCopies(client: Client, originalId: string): Promise<void> {
  return removeLabelled(client, `${COPIES_OF}=${originalId}`);
}

/** Containers first, as they hold the others. */
async function removeLabelled(client: Client, label: string): Promise<void> {
  const filters = JSON.stringify({ label: [label] });
  const containers = await client.ask('list copies', client.quick.listContainers({ all: true, filters }));
  await Promise.all(
    containers.map(({ Id }) =>
      gone(client, `remove ${Id}`, client.patient.getContainer(Id).remove({ force: true, v: true })),
    ),
  );
  const query = { filters } as object;
  const { Volumes: volumes } = await client.ask('list volumes', client.quick.listVolumes(query));
  for (const { Name } of volumes ?? [])
    await gone(client, `remove the volume ${Name}`, client.patient.getVolume(Name).remove({}));
  const networks = await client.ask('list networks', client.quick.listNetworks(query));
  for (const { Id } of networks)
    await gone(client, `remove the network ${Id}`, client.patient.getNetwork(Id).remove({}));
}

/** Succeeds when it is gone already, or goes. */
async function gone(client: Client, what: string, request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (![404, 409].includes(statusOf(error) ?? 0)) throw engineFailure(error, what, client.address.endpoint);
  }
}
