import type { Client } from '../client.ts';
import { statusOf } from '../failures.ts';
import { inspectIfThere } from '../lookup.ts';
import type { Inspect } from '../vendor.ts';
import { PAUSED } from './labels.ts';

/** A live container is not kept from its work for longer, in milliseconds. */
const MOST_PAUSE_MS = 10_000;

/**
 * Does something while a live container is paused, if it runs. A volume's label says so meanwhile, so that it is woken
 * by the next removal of copies when this process is killed.
 *
 * @returns how long it was paused, in milliseconds; null when it was not
 */
export async function whilePaused(
  client: Client,
  live: Inspect,
  labels: Readonly<Record<string, string>>,
  work: () => Promise<void>,
): Promise<number | null> {
  const now = await inspectIfThere(client, live.Id);
  if (now === null || !now.State.Running || now.State.Paused) {
    await work();
    return null;
  }
  const sign = await client.ask(
    'create a volume',
    client.quick.createVolume({ Labels: { ...labels, [PAUSED]: live.Id } }),
  );
  const begun = performance.now();
  let paused: number | null = null;
  const wakeOnce = async () => {
    if (paused !== null) return;
    paused = Math.round(performance.now() - begun);
    await wake(client, live.Id);
  };
  const limit = setTimeout(() => void wakeOnce().catch(() => {}), MOST_PAUSE_MS);
  try {
    await client.ask('pause', client.patient.getContainer(live.Id).pause());
    await work();
  } finally {
    clearTimeout(limit);
    await wakeOnce();
  }
  await client.ask('remove a volume', sign.remove());
  return paused;
}

/** Lets a paused container go on; succeeds when it does, and when it is gone. */
export async function wake(client: Client, id: string): Promise<void> {
  try {
    await client.patient.getContainer(id).unpause();
  } catch (error) {
    const now = await inspectIfThere(client, id);
    if (now?.State.Paused || statusOf(error) === undefined) throw error;
  }
}
