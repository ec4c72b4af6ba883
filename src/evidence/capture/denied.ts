import { printable } from '../../kernel/index.ts';
import { parseRecord, recordFiles } from '../frames/records.ts';
import { checkContent } from '../frames/verify-frames.ts';
import { BlobStore } from '../image/blob-store.ts';
import type { CaptureContext } from './context.ts';

/** Keeps the files that were refused in the course of the incident, as they were at the refusal, with their records. */
export async function captureDenied(context: CaptureContext): Promise<void> {
  const { incident, stateDirectory, builder, omissions, signal } = context;
  if (incident === null) return;
  const blobs = new BlobStore(stateDirectory);
  const seen = new Set<string>();
  const records: Buffer[] = [];
  for await (const { path, bytes } of recordFiles(stateDirectory, incident.id)) {
    const record = parseRecord(bytes);
    if (bytes === null || record === null) {
      omissions.add(`The record ${path} of a refused file is damaged and left out.`);
      continue;
    }
    records.push(bytes, NEWLINE);
    const { kept, denial, notes } = record;
    if (kept === null) for (const note of notes) omissions.add(note);
    if (kept === null || seen.has(kept.sha256)) continue;
    seen.add(kept.sha256);
    const blob = blobs.path(kept.sha256);
    // Whoever damaged it must not keep the bundle from being sealed, nor have the damage sealed as evidence.
    const problem = await checkContent(blob, kept.sha256, kept.size, signal);
    if (problem !== null) {
      omissions.add(
        `The refused file ${denial.path}, SHA-256 ${kept.sha256}, is left out: it ${problem.detail}.`,
      );
      continue;
    }
    const title = printable(`Refused file ${denial.path}`);
    const mediaType = kept.form === 'file' ? 'application/octet-stream' : 'application/x-tar';
    await builder.blobFrom(blob, kept);
    await builder.itemFromBlob(`denied/${kept.sha256}`, { title, mediaType }, kept);
  }
  if (records.length === 0) return;
  const kind = {
    title: 'Refusals of files, with who made and who used them',
    mediaType: 'application/jsonl',
  };
  await builder.content('denied/records.jsonl', kind, Buffer.concat(records));
}

const NEWLINE = Buffer.from('\n');
