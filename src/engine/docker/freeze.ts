import { PristineError } from '../../kernel/index.ts';
import type { FrozenState } from '../port.ts';
import type { Client } from './client.ts';
import { engineFailure, refusalOf, statusOf } from './failures.ts';
import { lookUp } from './lookup.ts';
import type { Note, Notes } from './notes.ts';
import type { Endpoint, Inspect } from './vendor.ts';

/** The engine does not disconnect from these: host shares the host's network, none has nothing to take. */
const FIXED_NETWORKS = new Set(['host', 'none']);

/**
 * Pauses a container, then disconnects every network that can be. In this order nothing inside runs after the
 * first step, and its sockets stay in memory as they were. What it had is noted on disk first.
 */
export async function freeze(client: Client, notes: Notes, id: string): Promise<FrozenState> {
  let container = await lookUp(client, id);
  const note = await takeNote(notes, container);
  if (container.State.Restarting) {
    // Between two lives there is no process to pause; ended is as good as frozen, and it must not come back.
    await client.ask(`stop ${id}`, client.patient.getContainer(id).stop({ t: 0 }));
    container = await lookUp(client, id);
  }
  if (container.State.Running && !container.State.Paused) await pause(client, id);
  if (!container.State.Running) return { wasPaused: false, networks: [] };
  for (const network of removable(container)) await disconnect(client, network, id);
  return { wasPaused: note.wasPaused, networks: removableNames(note.networks) };
}

/** Writes down what the container has now, together with what an earlier, unfinished freeze had noted. */
async function takeNote(notes: Notes, container: Inspect): Promise<Note> {
  const before = await notes.read(container.Id);
  const current = container.NetworkSettings;
  const note: Note = {
    id: container.Id,
    name: before?.name ?? container.Name.replace(/^\//, ''),
    wasPaused: container.State.Paused ? (before?.wasPaused ?? true) : false,
    networks: { ...before?.networks, ...current.Networks },
    ports: { ...before?.ports, ...current.Ports },
  };
  await notes.write(note);
  return note;
}

function removable(container: Inspect): string[] {
  return removableNames(container.NetworkSettings.Networks ?? {});
}

function removableNames(networks: Readonly<Record<string, Endpoint>>): string[] {
  return Object.keys(networks).filter((network) => !FIXED_NETWORKS.has(network));
}

async function pause(client: Client, id: string): Promise<void> {
  try {
    await client.quick.getContainer(id).pause();
  } catch (error) {
    // It may have been paused, or have ended, since we looked.
    if (statusOf(error) !== undefined && /already paused|not running/.test(refusalOf(error))) return;
    throw engineFailure(error, `pause ${id}`, client.address.endpoint);
  }
}

async function disconnect(client: Client, network: string, id: string): Promise<void> {
  try {
    await client.quick.getNetwork(network).disconnect({ Container: id });
  } catch (error) {
    if (statusOf(error) !== undefined && /is not connected/.test(refusalOf(error))) return;
    throw engineFailure(error, `take ${id} from the network ${network}`, client.address.endpoint);
  }
}

/** Reconnects what {@link freeze} disconnected, with the same addresses and aliases, then unpauses. */
export async function thaw(client: Client, notes: Notes, id: string, frozen: FrozenState): Promise<void> {
  const container = await lookUp(client, id);
  const note = await notes.read(container.Id);
  const present = container.NetworkSettings.Networks ?? {};
  for (const network of frozen.networks) {
    if (network in present) continue;
    await connectNetwork(client, network, container.Id, note?.networks[network]);
  }
  if (container.State.Paused && !frozen.wasPaused) {
    await client.ask(`unpause ${id}`, client.quick.getContainer(id).unpause());
  }
  await notes.remove(container.Id);
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
