import { startContainer } from './candidates.ts';
import type { Client } from './client.ts';
import { engineFailure, refusalOf, statusOf } from './failures.ts';
import { lookUp } from './lookup.ts';
import { removableNetworks } from './networks.ts';
import { type Notes, takeNote } from './notes.ts';
import { isBeingRemoved } from './original.ts';
import { giveRestartPolicy, takeRestartPolicy } from './restart-policy.ts';

/**
 * Ends a container's processes for good. `kill` works on a paused container without letting it do anything before;
 * `graceful` asks by its own stop signal, waits for its own stop timeout, and wakes a paused one.
 *
 * A container that was started with `--rm` is gone afterwards, with its layer and with those of its anonymous
 * volumes that no other container has: whoever wants them makes sure of them first.
 */
export async function stop(
  client: Client,
  notes: Notes,
  id: string,
  how: 'kill' | 'graceful',
): Promise<void> {
  const container = await lookUp(client, id);
  await takeNote(notes, container, { taking: true });
  await takeRestartPolicy(client, container);
  const target = client.patient.getContainer(container.Id);
  try {
    // A kill would find no process between two lives, and leave it to be started again.
    if (how === 'graceful') await target.stop();
    else if (container.State.Restarting) await target.stop({ t: 0 });
    else await target.kill({ signal: 'SIGKILL' });
  } catch (error) {
    const refusal = refusalOf(error);
    if (statusOf(error) === 304 || (statusOf(error) && /is not running/.test(refusal))) return;
    if (statusOf(error) !== undefined && isBeingRemoved(refusal)) return;
    throw engineFailure(error, `stop ${id}`, client.address.endpoint);
  }
}

/** Starts a container that {@link stop} has ended, with the restart policy that it had. Idempotent. */
export async function start(client: Client, notes: Notes, id: string): Promise<void> {
  const container = await lookUp(client, id);
  const note = await notes.read(container.Id);
  await giveRestartPolicy(client, container, note?.restartPolicy);
  await startContainer(client, container);
  const present = container.NetworkSettings.Networks ?? {};
  // What a freeze has taken besides is given back by a thaw.
  if (removableNetworks(note?.networks).every((network) => network in present)) {
    await notes.remove(container.Id);
  }
}
