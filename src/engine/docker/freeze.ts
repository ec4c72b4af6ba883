import { setTimeout as sleep } from 'node:timers/promises';
import type { FrozenState } from '../port.ts';
import type { Client } from './client.ts';
import { engineFailure, refusalOf, statusOf } from './failures.ts';
import { lookUp } from './lookup.ts';
import { connectNetwork, disconnectNetwork, removableNetworks } from './networks.ts';
import { type Notes, takeNote } from './notes.ts';

/**
 * Pauses a container, then disconnects every network that can be. In this order nothing inside runs after the
 * first step, and its sockets stay in memory as they were. What it had is noted on disk first.
 */
export async function freeze(client: Client, notes: Notes, id: string): Promise<FrozenState> {
  let container = await lookUp(client, id);
  const note = await takeNote(notes, container);
  const toPause = container.State.Running && !container.State.Restarting && !container.State.Paused;
  const betweenLives = toPause ? (await pause(client, id)) === 'restarting' : container.State.Restarting;
  if (betweenLives) {
    // There is no process to pause; ended is as good as frozen, and it must not come back.
    await client.ask(`stop ${id}`, client.patient.getContainer(id).stop({ t: 0 }));
    container = await lookUp(client, id);
  }
  if (!container.State.Running) return { wasPaused: false, networks: [] };
  for (const network of removableNetworks(container.NetworkSettings.Networks)) {
    await disconnectNetwork(client, network, container.Id);
  }
  return { wasPaused: note.wasPaused, networks: removableNetworks(note.networks) };
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
      // It may have been paused, or have ended, since we looked.
      if (statusOf(error) !== undefined && /already paused|not running/.test(refusalOf(error))) return 'done';
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
  if (container.State.Paused && !frozen.wasPaused) {
    await client.ask(`unpause ${id}`, client.quick.getContainer(id).unpause());
  }
  await notes.remove(container.Id);
}
