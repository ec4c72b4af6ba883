import type { Replacement } from '../port.ts';
import { findByLabels, ownName, removeCandidate, replacementOf } from './candidates.ts';
import type { Client } from './client.ts';
import type { Notes } from './notes.ts';
import { originalOf } from './original.ts';
import { makeWaiting } from './prepare.ts';
import { isStandby, STANDBY_FOR, STANDBY_NAME } from './standby-labels.ts';
import type { Inspect } from './vendor.ts';

/**
 * A pristine twin that runs on the waiting network. One that does not run is replaced.
 * @throws {PristineError} E_REPLACE when it cannot come up beside the original
 */
export async function ensureStandby(client: Client, notes: Notes, id: string): Promise<Replacement> {
  const standbys = await standbysFor(client, id);
  const [running, ...others] = standbys.filter(({ State: state }) => state.Running);
  for (const one of [...others, ...standbys.filter(({ State: state }) => !state.Running)]) {
    await removeCandidate(client, one.Id);
  }
  if (running !== undefined) return replacementOf(running);
  // Nothing is taken from it, so that nothing need be on disk.
  const original = await originalOf(client, { ...notes, write: async () => {} }, id);
  const name = `${original.note.name}-standby`;
  const labels = { [STANDBY_FOR]: id, [STANDBY_NAME]: name };
  return makeWaiting(client, original, name, { labels }, { place: 'internal-network' });
}

/** The running standby of a container; null when there is none. */
export async function standbyOf(client: Client, id: string): Promise<Replacement | null> {
  const running = (await standbysFor(client, id)).find(({ State: state }) => state.Running);
  return running === undefined ? null : replacementOf(running);
}

/** Removes standbys of all containers but these. */
export async function removeStandbys(client: Client, keepFor: readonly string[]): Promise<void> {
  const label = JSON.stringify({ label: [STANDBY_FOR] });
  const listed = await client.ask(
    'list standbys',
    client.quick.listContainers({ all: true, filters: label }),
  );
  for (const { Id, Labels: labels, Names: names } of listed) {
    const waits = names.some((name) => isStandby(name.slice(1), labels));
    if (waits && !keepFor.includes(labels[STANDBY_FOR] ?? '')) await removeCandidate(client, Id);
  }
}

async function standbysFor(client: Client, id: string): Promise<Inspect[]> {
  const found = await findByLabels(client, { [STANDBY_FOR]: id });
  return found.filter((container) => isStandby(ownName(container), container.Config.Labels));
}
