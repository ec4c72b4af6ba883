import type { ReplacementRequest } from '../port.ts';
import { findCandidate, removeCandidate, renameTo } from './candidates.ts';
import type { Client } from './client.ts';
import { inspectIfThere } from './lookup.ts';
import { type Notes, takeNote } from './notes.ts';

/** Removes a replacement, prepared, half-made or made, and gives the original its name back. Idempotent. */
export async function withdrawReplacement(
  client: Client,
  notes: Notes,
  id: string,
  request: ReplacementRequest,
): Promise<void> {
  let last: string | null = null;
  for (;;) {
    const made = await findCandidate(client, id, request);
    // What the engine is removing already is still listed for a while.
    if (made === null || made.Id === last) break;
    last = made.Id;
    await removeCandidate(client, made.Id);
  }
  const original = await inspectIfThere(client, id);
  if (original === null) return;
  const { name } = await takeNote(notes, original, { suspectName: request.suspectName });
  if (name !== request.suspectName) await renameTo(client, original, name);
}
