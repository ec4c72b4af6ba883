import { PristineError } from '../../kernel/index.ts';
import type { Client } from './client.ts';
import { engineFailure, refusalOf, statusOf } from './failures.ts';
import type { Endpoint, Inspect } from './vendor.ts';

/** The engine does not disconnect from these: host shares the host's network, none has nothing to take. */
const FIXED_NETWORKS = new Set(['host', 'none']);

/** Option of a bridge network that names its device. */
export const BRIDGE_NAME = 'com.docker.network.bridge.name';

/** The device of a bridge network on its host. */
export function bridgeDevice(
  networkId: string,
  options: Readonly<Record<string, string>> | null | undefined,
): string {
  return options?.[BRIDGE_NAME] ?? `br-${networkId.slice(0, 12)}`;
}

/** Names of those networks that a container can be taken from. */
export function removableNetworks(networks: Readonly<Record<string, Endpoint>> | null | undefined): string[] {
  return Object.keys(networks ?? {}).filter((network) => !FIXED_NETWORKS.has(network));
}

/** Takes a container from a network. Succeeds when it is not connected, and when either is gone. */
export async function disconnectNetwork(client: Client, network: string, id: string): Promise<void> {
  try {
    await client.quick.getNetwork(network).disconnect({ Container: id });
  } catch (error) {
    if (statusOf(error) === 404) return;
    if (statusOf(error) !== undefined && /is not connected|marked for removal/.test(refusalOf(error))) return;
    throw engineFailure(error, `take ${id} from the network ${network}`, client.address.endpoint);
  }
}

/**
 * Connects a container to a network with the settings that `endpoint` had on container `ownerId`.
 * Succeeds when it is connected already.
 */
export async function connectNetwork(
  client: Client,
  network: string,
  id: string,
  endpoint: Endpoint | undefined,
  ownerId: string = id,
): Promise<void> {
  try {
    const EndpointConfig = requestedEndpoint(endpoint, ownerId);
    await client.quick.getNetwork(network).connect({ Container: id, EndpointConfig });
  } catch (error) {
    if (statusOf(error) !== undefined && /already exists in network/.test(refusalOf(error))) return;
    if (statusOf(error) === 404) {
      throw new PristineError('E_ENGINE_REFUSED', `the network ${network} is gone: ${refusalOf(error)}`, {
        next: `Create it again with "docker network create ${network}", then try again.`,
        cause: error,
      });
    }
    throw engineFailure(error, `connect ${id} to the network ${network}`, client.address.endpoint);
  }
}

/** Connects a container to those of `networks` that it is not on, as container `ownerId` was. */
export async function connectMissing(
  client: Client,
  { Id: id, NetworkSettings: { Networks: present } }: Inspect,
  networks: Readonly<Record<string, Endpoint>>,
  ownerId: string,
): Promise<void> {
  for (const [network, endpoint] of Object.entries(networks)) {
    if (!(network in (present ?? {}))) await connectNetwork(client, network, id, endpoint, ownerId);
  }
}

/** The part of an endpoint that a user can ask for; the short id is an alias that the engine adds by itself. */
export function requestedEndpoint(endpoint: Endpoint | undefined, containerId: string): object {
  const aliases = (endpoint?.Aliases ?? []).filter((alias) => alias !== containerId.slice(0, 12));
  return {
    ...(endpoint?.IPAMConfig ? { IPAMConfig: endpoint.IPAMConfig } : {}),
    ...(endpoint?.Links ? { Links: endpoint.Links } : {}),
    ...(endpoint?.DriverOpts ? { DriverOpts: endpoint.DriverOpts } : {}),
    ...(aliases.length > 0 ? { Aliases: aliases } : {}),
  };
}
