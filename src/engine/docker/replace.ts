import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PristineError } from '../../kernel/index.ts';
import type { Replacement, ReplacementRequest } from '../port.ts';
import type { Client } from './client.ts';
import { engineFailure, refusalOf, statusOf } from './failures.ts';
import { inspectIfThere, lookUp } from './lookup.ts';
import { connectNetwork } from './networks.ts';
import { type Notes, takeNote } from './notes.ts';
import { type Recreation, recreationOf } from './recreation.ts';
import { successorsFor } from './recreation-references.ts';
import { type Inspect, NEVER } from './vendor.ts';

/**
 * Puts a pristine container in the suspect's place: rename the suspect, create under its name, connect the
 * further networks, start. A step that fails undoes those before it; a crash between any two is made good by
 * calling again, since the name is noted on disk and the half-made replacement is found by its labels.
 */
export async function replacePristine(
  client: Client,
  notes: Notes,
  suspectId: string,
  options: ReplacementRequest,
): Promise<Replacement> {
  let made = await findReplacement(client, suspectId, options.labels);
  if (made?.State.Running) return { id: made.Id, name: ownName(made) };
  const suspect = await lookUp(client, suspectId);
  // On disk before anything is changed: after a rename nobody else knows the name.
  const note = await takeNote(notes, suspect, { suspectName: options.suspectName });
  if (note.name === options.suspectName) throw unknownName(note.name);
  const successors = await successorsFor(client, suspect, note.networks);
  const recreation = recreationOf(suspect, note, options.labels, { readOnly: options.readOnly, successors });
  try {
    if (made === null) {
      await renameTo(client, suspect, options.suspectName);
      made = await create(client, note.name, recreation, options.labels);
    }
    await bringUp(client, made, recreation, suspect.Id);
    return { id: made.Id, name: ownName(made) };
  } catch (error) {
    if (isGone(error)) throw error;
    const undone = await undo(client, made?.Id ?? null, suspect.Id, note.name).then(
      () => true,
      () => false,
    );
    throw replaceFailure(error, note.name, undone ? null : options.suspectName);
  }
}

function unknownName(name: string): PristineError {
  return new PristineError('E_REPLACE', `nobody knows the name that ${name} had before`, {
    next: `Rename it to what it was with "docker rename ${name} NAME", then try again.`,
  });
}

async function findReplacement(
  client: Client,
  suspectId: string,
  labels: Readonly<Record<string, string>>,
): Promise<Inspect | null> {
  const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  if (label.length === 0) return null;
  const filters = JSON.stringify({ label });
  const found = await client.ask(
    'look for a replacement',
    client.quick.listContainers({ all: true, filters }),
  );
  const other = found.find((container) => container.Id !== suspectId);
  return other === undefined ? null : inspectIfThere(client, other.Id);
}

function ownName(container: Inspect): string {
  return container.Name.replace(/^\//, '');
}

/** A request that a killed predecessor has sent goes on in the engine; so long we wait for its end, in milliseconds. */
const IN_FLIGHT_MS = 10_000;

async function renameTo(client: Client, container: Inspect, name: string): Promise<void> {
  if (ownName(container) === name) return;
  try {
    await client.quick.getContainer(container.Id).rename({ name });
  } catch (error) {
    const now = await inspectIfThere(client, container.Id);
    if (now !== null && ownName(now) === name) return;
    throw engineFailure(error, `rename ${ownName(container)} to ${name}`, client.address.endpoint);
  }
}

async function create(
  client: Client,
  name: string,
  recreation: Recreation,
  labels: Readonly<Record<string, string>>,
): Promise<Inspect> {
  try {
    const request = { _query: { name }, _body: recreation.body } as object;
    return await lookUp(client, (await client.patient.createContainer(request)).id);
  } catch (error) {
    const inFlight = statusOf(error) === 409 ? await createdMeanwhile(client, name, labels) : null;
    if (inFlight !== null) return inFlight;
    if (statusOf(error) === 404 && /no such image/i.test(refusalOf(error))) {
      throw new PristineError('E_NO_SUCH_IMAGE', `the image of ${name} is not on this engine any more`, {
        next: 'Load or pull it again, then try again.',
        cause: error,
      });
    }
    throw engineFailure(error, `create ${name}`, client.address.endpoint);
  }
}

/** The container that holds a name, if it is the replacement; it may have its name before it can be seen. */
async function createdMeanwhile(
  client: Client,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<Inspect | null> {
  const deadline = Date.now() + IN_FLIGHT_MS;
  while (Date.now() < deadline) {
    const holder = await inspectIfThere(client, name);
    if (holder !== null) {
      const own = holder.Config.Labels ?? {};
      return Object.entries(labels).every(([label, value]) => own[label] === value) ? holder : null;
    }
    await sleep(100);
  }
  return null;
}

async function bringUp(
  client: Client,
  replacement: Inspect,
  recreation: Recreation,
  suspectId: string,
): Promise<void> {
  if (replacement.State.StartedAt === NEVER) {
    for (const [network, endpoint] of Object.entries(recreation.furtherNetworks)) {
      await connectNetwork(client, network, replacement.Id, endpoint, suspectId);
    }
  }
  try {
    await client.patient.getContainer(replacement.Id).start();
  } catch (error) {
    // 304: it has been started since we looked.
    if (statusOf(error) !== 304)
      throw engineFailure(error, `start ${ownName(replacement)}`, client.address.endpoint);
  }
}

/** Takes a replacement that never ran away, and gives the suspect its name back. */
async function undo(client: Client, made: string | null, suspectId: string, name: string): Promise<void> {
  const replacement = made === null ? null : await inspectIfThere(client, made);
  if (replacement !== null) {
    if (replacement.State.StartedAt !== NEVER) return;
    // Its volumes are the suspect's by name, which `v` leaves alone; anonymous ones are its own.
    await client.ask(
      `remove the half-made ${name}`,
      client.quick.getContainer(replacement.Id).remove({ force: true, v: true }),
    );
  }
  const suspect = await inspectIfThere(client, suspectId);
  if (suspect !== null) await renameTo(client, suspect, name);
}

function isGone(error: unknown): boolean {
  return error instanceof PristineError && error.code === 'E_ENGINE_GONE';
}

/** @param stuckAs name of the suspect where it could not be given its own back */
function replaceFailure(error: unknown, name: string, stuckAs: string | null): PristineError {
  if (error instanceof PristineError && error.code === 'E_NO_SUCH_IMAGE' && stuckAs === null) return error;
  const left =
    stuckAs === null
      ? 'The suspect has its name back and was left as it was.'
      : `The suspect is kept under the name ${stuckAs}.`;
  return new PristineError(
    'E_REPLACE',
    `no pristine container could take the place of ${name}: ${messageOf(error)}`,
    {
      next: `${left} Remove the cause, then run "pristine restore ${stuckAs ?? name}".`,
      cause: error,
    },
  );
}
