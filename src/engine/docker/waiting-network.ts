import { messageOf } from '../../kernel/index.ts';
import type { Client } from './client.ts';
import { engineFailure, refusalOf, statusOf } from './failures.ts';
import { readHostLines, restoreHostLines } from './host-lines.ts';
import { connectNetwork, disconnectNetwork } from './networks.ts';
import type { Inspect } from './vendor.ts';

/** The network on which containers wait until they take a place: it leads nowhere, and they do not reach each other. */
export const WAITING_NETWORK = 'pristine-waiting';

const SETTINGS = {
  Name: WAITING_NETWORK,
  Driver: 'bridge',
  Internal: true,
  CheckDuplicate: true,
  Labels: { [WAITING_NETWORK]: 'true' },
  Options: { 'com.docker.network.bridge.enable_icc': 'false' },
};

/** Connects a container to the waiting network, which is made when there is none. */
export async function joinWaitingNetwork(client: Client, id: string): Promise<void> {
  await ensureNetwork(client);
  await connectNetwork(client, WAITING_NETWORK, id, undefined);
}

/**
 * Takes a container from the waiting network, and removes that when nobody waits there any more.
 * The engine then takes all lines with the container's name from its /etc/hosts; those of other networks stay.
 */
export async function leaveWaitingNetwork(client: Client, container: Inspect): Promise<void> {
  const lines = await readHostLines(client, container);
  await disconnectNetwork(client, WAITING_NETWORK, container.Id);
  await restoreHostLines(client, container, lines);
  await removeWaitingNetwork(client);
}

export function isWaiting(container: Inspect): boolean {
  return WAITING_NETWORK in (container.NetworkSettings.Networks ?? {});
}

/** Removes the waiting network unless somebody waits there. */
export async function removeWaitingNetwork(client: Client): Promise<void> {
  for (const { Id } of await waitingNetworks(client)) await removeUnused(client, Id);
}

/** Whether a start failed because the waiting network was removed, as empty, just before. */
export function isWaitingNetworkLost(error: unknown): boolean {
  return /network \S+ not found/i.test(messageOf(error));
}

async function ensureNetwork(client: Client): Promise<void> {
  if ((await waitingNetworks(client)).length === 1) return;
  try {
    await client.quick.createNetwork(SETTINGS);
  } catch (error) {
    if (statusOf(error) !== 409)
      throw engineFailure(error, `create the network ${WAITING_NETWORK}`, client.address.endpoint);
  }
  // Two that ask at the same moment can both be given one of this name; all keep the same.
  const [, ...others] = await waitingNetworks(client);
  for (const { Id } of others) await removeUnused(client, Id);
}

interface NetworkEntry {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
}

/** The oldest first. */
async function waitingNetworks(client: Client): Promise<NetworkEntry[]> {
  const filters = JSON.stringify({ label: [`${WAITING_NETWORK}=true`] });
  const listed = (await client.ask(
    'list networks',
    client.quick.listNetworks({ filters } as object),
  )) as unknown as NetworkEntry[];
  const age = ({ Created, Id }: NetworkEntry) => `${Created} ${Id}`;
  return listed.filter(({ Name }) => Name === WAITING_NETWORK).sort((a, b) => (age(a) < age(b) ? -1 : 1));
}

async function removeUnused(client: Client, id: string): Promise<void> {
  try {
    await client.quick.getNetwork(id).remove();
  } catch (error) {
    // 403: somebody is on it; 404: gone already.
    if (statusOf(error) === 404 || /active endpoints/.test(refusalOf(error))) return;
    throw engineFailure(error, `remove the network ${WAITING_NETWORK}`, client.address.endpoint);
  }
}
