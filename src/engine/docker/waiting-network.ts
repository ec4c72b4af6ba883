import { createHash } from 'node:crypto';
import type { NetworkCreateOptions, NetworkInspectInfo } from 'dockerode';
import { messageOf } from '../../kernel/index.ts';
import type { Client } from './client.ts';
import { engineFailure, refusalOf, statusOf } from './failures.ts';
import { readHostLines, restoreHostLines } from './host-lines.ts';
import { BRIDGE_NAME, connectNetwork, disconnectNetwork } from './networks.ts';
import type { Inspect } from './vendor.ts';

/** The network on which containers wait until they take a place: it leads nowhere, and they do not reach each other. */
export const WAITING_NETWORK = 'pristine-waiting';

/**
 * Several ask for it at once, and the engine makes as many of one name as are asked for; of one bridge it makes one.
 * The device is this engine's own: another one on this host would take it over.
 */
async function settings(client: Client): Promise<NetworkCreateOptions> {
  const { ID: engine } = (await client.ask('describe itself', client.quick.info())) as { ID: string };
  const bridge = `pristine-${createHash('sha256').update(engine).digest('hex').slice(0, 6)}`;
  return {
    Name: WAITING_NETWORK,
    Driver: 'bridge',
    Internal: true,
    CheckDuplicate: true,
    Labels: { [WAITING_NETWORK]: 'true' },
    Options: {
      [BRIDGE_NAME]: bridge,
      'com.docker.network.bridge.enable_icc': 'false',
    },
  };
}

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

/** Whether something failed because the waiting network was removed, as empty, or not there yet, at that moment. */
export function isWaitingNetworkLost(error: unknown): boolean {
  return /network \S+ (not found|is gone)/i.test(messageOf(error));
}

async function ensureNetwork(client: Client): Promise<void> {
  if ((await waitingNetworks(client)).length > 0) return;
  try {
    await client.quick.createNetwork(await settings(client));
  } catch (error) {
    // Somebody else was quicker.
    if (statusOf(error) !== undefined && /same bridge name|already exists/.test(refusalOf(error))) return;
    throw engineFailure(error, `create the network ${WAITING_NETWORK}`, client.address.endpoint);
  }
}

async function waitingNetworks(client: Client): Promise<NetworkInspectInfo[]> {
  const filters = JSON.stringify({ label: [`${WAITING_NETWORK}=true`] });
  return client.ask('list networks', client.quick.listNetworks({ filters } as object));
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
