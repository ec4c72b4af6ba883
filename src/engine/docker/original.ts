import type { Client } from './client.ts';
import { inspectIfThere, lookUp } from './lookup.ts';
import { type Note, type Notes, takeNote } from './notes.ts';
import type { Inspect } from './vendor.ts';

/** A container to be replaced. */
export interface Original {
  /** What it is now; null when somebody has removed it. */
  readonly present: Inspect | null;
  /** What it was before anything was taken from it. */
  readonly note: Note & { readonly inspect: Inspect };
}

/**
 * A container as it is and as it was; noted on disk before this answers, so that it can be re-created when
 * somebody removes it.
 *
 * @param suspectName a container of this name was renamed by us
 * @throws {PristineError} E_NO_SUCH_CONTAINER when it is gone and was never noted
 */
export async function originalOf(
  client: Client,
  notes: Notes,
  id: string,
  suspectName?: string,
): Promise<Original> {
  const present = await inspectIfThere(client, id);
  if (present !== null) {
    return {
      present,
      note: await takeNote(notes, present, suspectName === undefined ? {} : { suspectName }),
    };
  }
  const note = await notes.read(id);
  // Throws, with the nearest name that there is.
  if (note?.inspect === undefined)
    return { present: null, note: await takeNote(notes, await lookUp(client, id)) };
  return { present: null, note: { ...note, inspect: note.inspect } };
}

/** Whether the engine refused because the container is being removed, or could not be removed altogether. */
export function isBeingRemoved(message: string): boolean {
  return /marked for removal|removal of container .* is already in progress|no such container/i.test(message);
}
