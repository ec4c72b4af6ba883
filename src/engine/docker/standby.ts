import type { Replacement } from '../port.ts';
import { findByLabels, ownName, removeCandidate } from './candidates.ts';
import type { Client } from './client.ts';
import type { Notes } from './notes.ts';
import { originalOf } from './original.ts';
import { makeWaiting } from './prepare.ts';
import type { Inspect } from './vendor.ts';

/** Label with the id of the container that a standby stands by for. */
const STANDBY_FOR = 'pristine.standby-for';
/** Label with the name of a standby while it is one: under another name it has taken the place. */
const STANDBY_NAME = 'pristine.standby-name';

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
  if (running !== undefined) return { id: running.Id, name: ownName(running) };
  // Nothing is taken from it, so that nothing need be on disk.
  const original = await originalOf(client, { ...notes, write: async () => {} }, id);
  const name = `${original.note.name}-standby`;
  const labels = { [STANDBY_FOR]: id, [STANDBY_NAME]: name };
  return makeWaiting(client, original, name, { labels }, { place: 'internal-network' });
}

/** The running standby of a container; null when there is none. */
export async function standbyOf(client: Client, id: string): Promise<Replacement | null> {
  const running = (await standbysFor(client, id)).find(({ State: state }) => state.Running);
  return running === undefined ? null : { id: running.Id, name: ownName(running) };
}

/** Removes standbys of all containers but these. */
export async function removeStandbys(client: Client, keepFor: readonly string[]): Promise<void> {
  const label = JSON.stringify({ label: [STANDBY_FOR] });
  const listed = await client.ask(
    'list standbys',
    client.quick.listContainers({ all: true, filters: label }),
  );
  for (const { Id, Labels: labels, Names: names } of listed) {
    const isStandby = names.includes(`/${labels[STANDBY_NAME]}`);
    if (isStandby && !keepFor.includes(labels[STANDBY_FOR] ?? '')) await removeCandidate(client, Id);
  }
}

async function standbysFor(client: Client, id: string): Promise<Inspect[]> {
  const found = await findByLabels(client, { [STANDBY_FOR]: id });
  return found.filter((container) => container.Config.Labels?.[STANDBY_NAME] === ownName(container));
}
