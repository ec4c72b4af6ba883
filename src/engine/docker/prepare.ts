import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PristineError } from '../../kernel/index.ts';
import type { PrepareOptions, Replacement, ReplacementRequest } from '../port.ts';
import {
  create,
  findCandidate,
  ownName,
  provisionalName,
  recreationFor,
  removeCandidate,
  replacementOf,
  startContainer,
} from './candidates.ts';
import type { Client } from './client.ts';
import { inspectIfThere } from './lookup.ts';
import { disconnectNetwork, removableNetworks } from './networks.ts';
import type { Notes } from './notes.ts';
import { type Original, originalOf } from './original.ts';
import type { Inspect } from './vendor.ts';
import { fillVolumes } from './volume-contents.ts';
import { isWaitingNetworkLost, joinWaitingNetwork } from './waiting-network.ts';

/**
 * Creates and starts a replacement beside the original. It is configured for its real networks, but taken from them
 * before it starts: the engine then makes an empty network for it, or one with the waiting network alone, and
 * connects the real ones later as at any start (moby, daemon/container_operations.go: allocateNetwork).
 */
export async function prepareReplacement(
  client: Client,
  notes: Notes,
  id: string,
  request: ReplacementRequest,
  options: PrepareOptions,
): Promise<Replacement> {
  const original = await originalOf(client, notes, id, request.suspectName);
  const found = await findCandidate(client, id, request);
  // One that has the original's name is in its place already.
  if (found !== null && (found.State.Running || ownName(found) === original.note.name))
    return replacementOf(found);
  if (found !== null) await removeCandidate(client, found.Id);
  return makeWaiting(client, original, provisionalName(request), request, options);
}

/**
 * Makes a container like the original under another name, which waits to take its place.
 * @throws {PristineError} E_REPLACE; what was begun is undone
 */
export async function makeWaiting(
  client: Client,
  original: Original,
  name: string,
  request: Omit<ReplacementRequest, 'suspectName'>,
  { place, onCreated }: PrepareOptions,
): Promise<Replacement> {
  const why =
    whyNot(original.note.inspect) ??
    (request.carry?.length ? 'data is to be carried over to it first' : null);
  if (why !== null) throw notPrepared(name, why);
  let made: Inspect | null = null;
  try {
    const recreation = await recreationFor(client, original, request);
    made = await create(client, name, recreation, request.labels);
    const networks = removableNetworks(made.NetworkSettings.Networks);
    for (const network of networks) await disconnectNetwork(client, network, made.Id);
    await fillVolumes(client, original.note.id, made, request);
    await onCreated?.(made.Id);
    await startWaiting(client, made, place === 'internal-network' && networks.length > 0);
    return { id: made.Id, name };
  } catch (error) {
    if (error instanceof PristineError && error.code === 'E_ENGINE_GONE') throw error;
    // Left where somebody else is at the same one, and was quicker.
    const now = made === null ? null : await inspectIfThere(client, made.Id).catch(() => null);
    if (now !== null && !now.State.Running) await removeCandidate(client, now.Id).catch(() => {});
    throw notPrepared(name, messageOf(error), error);
  }
}

function notPrepared(name: string, why: string, cause?: unknown): PristineError {
  return new PristineError('E_REPLACE', `${name} cannot be started early: ${why}`, {
    next: 'Its original can be replaced all the same, a little later.',
    cause,
  });
}

/** Why a container cannot wait without the network that it is to have; null when it can. */
export function whyNot({ HostConfig: host }: Inspect): string | null {
  if (host.NetworkMode === 'host') return "it shares the host's network";
  if (host.NetworkMode.startsWith('container:')) return "it shares another container's network";
  // The engine writes these into its environment and /etc/hosts only when it starts on the default bridge.
  if (host.Links?.length) return 'it is linked to other containers';
  return null;
}

/** The waiting network is removed when it is empty, also between our coming and our start. */
const START_ATTEMPTS = 5;
const TRY_AGAIN_AFTER_MS = 50;

async function startWaiting(client: Client, made: Inspect, joins: boolean): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      if (joins) await joinWaitingNetwork(client, made.Id);
      return await startContainer(client, made);
    } catch (error) {
      if (!joins || attempt === START_ATTEMPTS || !isWaitingNetworkLost(error)) throw error;
      await sleep(attempt * TRY_AGAIN_AFTER_MS);
    }
  }
}
