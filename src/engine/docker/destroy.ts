import { setTimeout as sleep } from 'node:timers/promises';
import { PristineError } from '../../kernel/index.ts';
import type { Client } from './client.ts';
import { engineFailure, statusOf } from './failures.ts';
import { inspectIfThere } from './lookup.ts';
import type { Notes } from './notes.ts';
import { isWaiting, removeWaitingNetwork } from './waiting-network.ts';

/** The engine makes such names up for volumes that were given none. */
const ANONYMOUS_VOLUME = /^[0-9a-f]{64}$/;

/** Bound on the wait for a removal that the engine is at already (`--rm`), in milliseconds. */
const REMOVAL_TIMEOUT_MS = 30_000;

/**
 * Kills and removes a container at once: a stop would wake it, and let it run for the grace period.
 * Anonymous volumes go only when no other container has them, which the engine itself decides.
 */
export async function destroy(client: Client, notes: Notes, id: string): Promise<void> {
  const container = await inspectIfThere(client, id);
  if (container === null) return notes.remove(id);
  try {
    await client.patient.getContainer(container.Id).remove({ force: true, v: false });
  } catch (error) {
    // 404: gone meanwhile; 409: `--rm` or someone else is removing it.
    if (![404, 409].includes(statusOf(error) ?? 0)) {
      throw engineFailure(error, `remove ${id}`, client.address.endpoint);
    }
  }
  await untilGone(client, container.Id);
  if (isWaiting(container)) await removeWaitingNetwork(client);
  for (const { Name: volume } of container.Mounts ?? []) {
    if (volume !== undefined && ANONYMOUS_VOLUME.test(volume)) await removeUnused(client, volume);
  }
  await notes.remove(container.Id);
}

async function untilGone(client: Client, id: string): Promise<void> {
  const deadline = Date.now() + REMOVAL_TIMEOUT_MS;
  while ((await inspectIfThere(client, id)) !== null) {
    if (Date.now() > deadline) {
      throw new PristineError('E_ENGINE_REFUSED', `the engine has not removed ${id.slice(0, 12)} yet`, {
        next: 'Look at the log of the engine, then remove it with "docker rm -f".',
      });
    }
    await sleep(50);
  }
}

async function removeUnused(client: Client, volume: string): Promise<void> {
  try {
    await client.quick.getVolume(volume).remove();
  } catch (error) {
    if (![404, 409].includes(statusOf(error) ?? 0)) {
      throw engineFailure(error, `remove the volume ${volume}`, client.address.endpoint);
    }
  }
}
