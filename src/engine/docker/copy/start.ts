import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { PristineError } from '../../../kernel/index.ts';
import { decodeSockets } from '../../../linux/index.ts';
import { findByLabels, startContainer } from '../candidates.ts';
import type { Client } from '../client.ts';
import { waitHealthy } from '../health.ts';
import { inspectIfThere, lookUp } from '../lookup.ts';
import type { Inspect } from '../vendor.ts';
import { COMPANION, COPIED_NAME, COPIES_OF, COPY_GROUP } from './labels.ts';

const COMPANION_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** Starts a copy with its companions; see the port. */
export async function startCopy(client: Client, id: string): Promise<{ address: string }> {
  const copy = await lookUp(client, id);
  const labels = copy.Config.Labels ?? {};
  const group = labels[COPY_GROUP];
  if (group === undefined || labels[COPIES_OF] === undefined)
    throw new PristineError('E_COPY', `${copy.Name.slice(1)} is no copy`, {
      next: 'This is a defect: report it.',
    });
  const members = await findByLabels(client, { [COPY_GROUP]: group });
  const place = (one: Inspect) => Number(one.Config.Labels?.[COMPANION]);
  const companions = members.filter((one) => one.Config.Labels?.[COMPANION] !== undefined);
  for (const companion of companions.sort((a, b) => place(a) - place(b))) {
    if (!companion.State.Running) await startCompanion(client, companion);
  }
  await startContainer(client, copy);
  const { NetworkSettings: settings } = await lookUp(client, id);
  const address = Object.values(settings.Networks ?? {}).find(({ IPAddress }) => IPAddress)?.IPAddress;
  return { address: address ?? '' };
}

/** Until it is healthy, and listens on as many ports as the one that it is a copy of. */
async function startCompanion(client: Client, companion: Inspect): Promise<void> {
  await startContainer(client, companion);
  await waitHealthy(client, companion.Id, COMPANION_MS);
  const original = await inspectIfThere(client, companion.Config.Labels?.[COPIED_NAME] ?? '');
  const wanted = original?.State.Running ? await listening(original.State.Pid) : 0;
  const deadline = Date.now() + COMPANION_MS;
  while (Date.now() < deadline) {
    const { State: state } = await lookUp(client, companion.Id);
    if (!state.Running || (await listening(state.Pid)) >= wanted) return;
    await sleep(LOOK_EVERY_MS);
  }
}

async function listening(pid: number): Promise<number> {
  let count = 0;
  for (const table of ['tcp', 'tcp6'] as const) {
    const bytes = await readFile(`/proc/${pid}/net/${table}`).catch(() => Buffer.alloc(0));
    const own = ({ state, local }: { state: string; local: string }) =>
      state === 'LISTEN' && !local.startsWith('127.');
    count += decodeSockets(table, bytes).filter(own).length;
  }
  return count;
}
