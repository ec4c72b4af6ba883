import { setTimeout as sleep } from 'node:timers/promises';
import { PristineError } from '../../kernel/index.ts';
import type { FrozenState } from '../port.ts';
import type { Client } from './client.ts';
import { engineFailure, refusalOf, statusOf } from './failures.ts';
import { inspectIfThere, lookUp } from './lookup.ts';
import { connectNetwork, disconnectNetwork, removableNetworks } from './networks.ts';
import { type Note, type Notes, takeNote } from './notes.ts';
import { giveRestartPolicy, takeRestartPolicy } from './restart-policy.ts';
import type { Inspect } from './vendor.ts';

/** Somebody may wake it, or its restart policy start it, before all is taken; so often it is frozen again. */
const MAX_ROUNDS = 5;

/**
 * Pauses a container, then disconnects every network that can be and takes its restart policy. In this order
 * nothing inside runs after the first step, and its sockets stay in memory as they were. What it had is noted on
 * disk first.
 */
export async function freeze(
  client: Client,
  notes: Notes,
  id: string,
  onPaused?: () => void,
): Promise<FrozenState> {
  let container = await inspectIfThere(client, id);
  if (container === null) return frozenForGood(client, notes, id);
  const note = await noteFirst(client, notes, container);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    await halt(client, container);
    if (round === 0) onPaused?.();
    await cutOff(client, container, note);
    container = await inspectIfThere(client, container.Id);
    if (container === null || isFrozen(container)) return stateOf(note);
  }
  throw new PristineError('E_ENGINE_REFUSED', `${note.name} was woken or connected again and again`, {
    next: 'Look for what does so in "docker events", and end it, then try again.',
  });
}

/** Containers that we have paused although that could not be noted. */
const pausedUnnoted = new Set<string>();

/**
 * Notes what a container has. Where that is not possible, as on a full disk, nothing is taken from it, but it is
 * paused all the same: it may be what fills the disk.
 */
async function noteFirst(client: Client, notes: Notes, container: Inspect): Promise<Note> {
  try {
    const note = await takeNote(notes, container, { taking: true });
    if (!pausedUnnoted.has(note.id)) return note;
    const before = { ...note, wasPaused: false };
    await notes.write(before);
    pausedUnnoted.delete(note.id);
    return before;
  } catch (error) {
    if (container.State.Running && !container.State.Paused) pausedUnnoted.add(container.Id);
    await halt(client, container);
    throw error;
  }
}

async function halt(client: Client, { Id: id, State: state }: Inspect): Promise<void> {
  const toPause = state.Running && !state.Restarting && !state.Paused;
  const betweenLives = toPause ? (await pause(client, id)) === 'restarting' : state.Restarting;
  // There is no process to pause; ended is as good as frozen, and it must not come back.
  if (betweenLives) await client.ask(`stop ${id}`, client.patient.getContainer(id).stop({ t: 0 }));
}

async function cutOff(client: Client, container: Inspect, note: Note): Promise<void> {
  const networks = removableNetworks({ ...note.networks, ...container.NetworkSettings.Networks });
  await Promise.all([
    ...networks.map((network) => disconnectNetwork(client, network, container.Id)),
    takeRestartPolicy(client, container),
  ]);
}

function isFrozen({ State: state, NetworkSettings: { Networks: networks } }: Inspect): boolean {
  const gone = ['removing', 'dead'].includes(state.Status);
  return gone || ((!state.Running || state.Paused) && removableNetworks(networks).length === 0);
}

/** What is gone neither runs nor is reached; nothing is known of it unless we froze it before. */
async function frozenForGood(client: Client, notes: Notes, id: string): Promise<FrozenState> {
  const note = await notes.read(id);
  if (note?.taken) return stateOf(note);
  await lookUp(client, id);
  return freeze(client, notes, id);
}

function stateOf({ wasPaused, networks }: Note): FrozenState {
  return { wasPaused, networks: removableNetworks(networks) };
}

/** Pauses between attempts to pause, in milliseconds. */
const PAUSE_AGAIN_AFTER_MS = [20, 50, 100, 200, 400, 800];

/**
 * The cgroup v1 freezer can lose against processes that fork while it works ("unable to freeze"), so that one
 * refusal means little.
 *
 * @returns `restarting` when it has crashed since we looked, and its restart policy will start it again
 */
async function pause(client: Client, id: string): Promise<'done' | 'restarting'> {
  for (let attempt = 0; ; attempt++) {
    try {
      await client.quick.getContainer(id).pause();
      return 'done';
    } catch (error) {
      // It may have been paused, have ended or been removed since we looked.
      if (
        statusOf(error) !== undefined &&
        /already paused|not running|no such container/i.test(refusalOf(error))
      )
        return 'done';
      if (/is restarting/.test(refusalOf(error))) return 'restarting';
      const wait = PAUSE_AGAIN_AFTER_MS[attempt];
      if (wait === undefined || !/unable to freeze/.test(refusalOf(error))) {
        throw engineFailure(error, `pause ${id}`, client.address.endpoint);
      }
      await sleep(wait);
    }
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
  await giveRestartPolicy(client, container, note?.restartPolicy);
  if (container.State.Paused && !frozen.wasPaused) {
    await client.ask(`unpause ${id}`, client.quick.getContainer(id).unpause());
  }
  await notes.remove(container.Id);
}
