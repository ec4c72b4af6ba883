import { PristineError } from '../../kernel/index.ts';
import type { Replacement } from '../port.ts';
import { findByLabels, ownName, removeCandidate, replacementOf } from './candidates.ts';
import type { Client } from './client.ts';
import type { Notes } from './notes.ts';
import { originalOf } from './original.ts';
import { sharedWritable } from './plan.ts';
import { makeWaiting } from './prepare.ts';
import { isStandby, STANDBY_FOR, STANDBY_NAME } from './standby-labels.ts';
import type { Inspect } from './vendor.ts';

/**
 * A pristine twin that runs on the waiting network. One that does not run is replaced.
 * @throws {PristineError} E_REPLACE when it cannot come up beside the original, or both would write to the same
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
  const shared = sharedWritable(original.note.inspect);
  if (shared.length > 0) throw unsafe(original.note.name, shared);
  const name = `${original.note.name}-standby`;
  const labels = { [STANDBY_FOR]: id, [STANDBY_NAME]: name };
  return makeWaiting(client, original, name, { labels }, { place: 'internal-network' });
}

function unsafe(name: string, shared: readonly string[]): PristineError {
  return new PristineError(
    'E_REPLACE',
    `${name} can have no standby: both would write to ${shared.slice(0, 3).join(', ')}`,
    { next: 'Take "standby: warm" from its policy; its replacement is started when it is needed.' },
  );
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
