import { messageOf, PristineError } from '../../kernel/index.ts';
import type { Replacement, ReplacementRequest } from '../port.ts';
import {
  create,
  findCandidate,
  hasRun,
  ownName,
  provisionalName,
  recreationFor,
  removeCandidate,
  renameTo,
  replacementOf,
  startContainer,
} from './candidates.ts';
import type { Client } from './client.ts';
import { inspectIfThere, lookUp } from './lookup.ts';
import { announceAddresses } from './neighbours.ts';
import { connectMissing } from './networks.ts';
import type { Notes } from './notes.ts';
import { type Original, originalOf } from './original.ts';
import type { Endpoint, Inspect } from './vendor.ts';
import { fillVolumes } from './volume-contents.ts';
import { isWaiting, leaveWaitingNetwork } from './waiting-network.ts';

export interface ReplaceHooks {
  /** Called when the replacement is on its own networks, before it leaves the waiting network. */
  readonly beforeLeaving: () => Promise<void>;
}

/**
 * Puts a pristine container in the suspect's place: rename the suspect, give its name to the candidate or to a new
 * container, connect what networks are missing, start it unless it runs. A step that fails undoes those before it;
 * a crash between any two is made good by calling again, since the name is noted on disk and a half-made
 * replacement is found by its labels.
 */
export async function replacePristine(
  client: Client,
  notes: Notes,
  suspectId: string,
  request: ReplacementRequest,
  hooks: ReplaceHooks,
): Promise<Replacement> {
  const [original, found] = await Promise.all([
    originalOf(client, notes, suspectId, request.suspectName).catch(noneWhenGone),
    findCandidate(client, suspectId, request),
  ]);
  if (original instanceof PristineError) {
    // The original was destroyed since, which nobody does before its replacement has the place.
    if (found?.State.Running && ownName(found) !== provisionalName(request)) return replacementOf(found);
    throw original;
  }
  const { name } = original.note;
  if (name === request.suspectName) throw unknownName(name);
  let made = found;
  const hadPlace = made !== null && ownName(made) === name;
  if (made !== null && !made.State.Running && !hadPlace) {
    await removeCandidate(client, made.Id);
    made = null;
  }
  const served = hadPlace && made !== null && hasRun(made);
  const adopted = hadPlace ? null : made?.Id;
  try {
    const recreation = await recreationFor(client, original, request);
    if (original.present !== null) await renameTo(client, original.present, request.suspectName);
    if (made === null) made = await create(client, name, recreation, request.labels);
    else await renameTo(client, made, name);
    if (!hasRun(made)) await fillVolumes(client, suspectId, made, request);
    await bringUp(client, made, recreation.networks, suspectId, hooks);
    return { id: made.Id, name };
  } catch (error) {
    if (isGone(error)) throw error;
    if (served) throw replaceFailure(error, name, 'The replacement that was there was left as it is.');
    const undone = await undo(client, made, made?.Id === adopted, original).then(
      () => 'The suspect has its name back and was left as it was.',
      () => null,
    );
    if (error instanceof PristineError && error.code === 'E_NO_SUCH_IMAGE' && undone !== null) throw error;
    const left = undone ?? `The suspect is kept under the name ${request.suspectName}.`;
    throw replaceFailure(error, undone === null ? request.suspectName : name, left);
  }
}

/** Connects what networks are missing, and starts the container unless it runs. */
async function bringUp(
  client: Client,
  made: Inspect,
  networks: Readonly<Record<string, Endpoint>>,
  suspectId: string,
  hooks: ReplaceHooks,
): Promise<void> {
  const { Id: id } = made;
  await connectMissing(client, made, networks, suspectId);
  if (!made.State.Running) {
    if (isWaiting(made)) await leaveWaitingNetwork(client, made);
    await startContainer(client, made);
  }
  const connected = await lookUp(client, id);
  await announceAddresses(client, connected);
  if (!isWaiting(connected)) return;
  await hooks.beforeLeaving();
  await leaveWaitingNetwork(client, connected);
}

/** Takes away what never had the place, and gives the suspect its name back. */
async function undo(
  client: Client,
  made: Inspect | null,
  adopted: boolean,
  { present, note }: Original,
): Promise<void> {
  if (made !== null) {
    const now = await inspectIfThere(client, made.Id);
    // Somebody else is at the same replacement, and was quicker.
    if (now !== null && !adopted && hasRun(now)) return;
    await removeCandidate(client, made.Id);
  }
  const suspect = present === null ? null : await inspectIfThere(client, present.Id);
  if (suspect !== null) await renameTo(client, suspect, note.name);
}

function noneWhenGone(error: unknown): PristineError {
  if (error instanceof PristineError && error.code === 'E_NO_SUCH_CONTAINER') return error;
  throw error;
}

function unknownName(name: string): PristineError {
  return new PristineError('E_REPLACE', `nobody knows the name that ${name} had before`, {
    next: `Rename it to what it was with "docker rename ${name} NAME", then try again.`,
  });
}

function isGone(error: unknown): boolean {
  return error instanceof PristineError && error.code === 'E_ENGINE_GONE';
}

/**
 * @param reference by which the suspect can be named now
 * @param left a sentence: what is there now
 */
function replaceFailure(error: unknown, reference: string, left: string): PristineError {
  const why = messageOf(error);
  return new PristineError(
    'E_REPLACE',
    `no pristine container could take the place of ${reference}: ${why}`,
    {
      next: `${left} Remove the cause, then run "pristine restore ${reference}".`,
      cause: error,
    },
  );
}
