import { constants, copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PristineError } from '../../kernel/index.ts';
import { syncFolder, writeNewFile } from '../../linux/index.ts';
import { outputFailure } from '../failures.ts';
import { BlobStore } from '../image/blob-store.ts';
import { parseRecord, recordFiles } from './records.ts';
import { checkContent } from './verify-frames.ts';

export interface ExportedFrames {
  readonly path: string;
  /** How many files were written, equal ones counted once. */
  readonly files: number;
}

/**
 * Writes the refused files of an incident into a new folder: each under its SHA-256, mode 0600, and
 * `records.jsonl` with the refusals. Nothing is written that is not what was kept.
 *
 * @throws {PristineError} E_USAGE when the folder exists or cannot be made, E_EVIDENCE_INVALID, E_DISK_FULL
 */
export async function exportFrames(
  stateDirectory: string,
  incident: string,
  output: string,
): Promise<ExportedFrames> {
  const blobs = new BlobStore(stateDirectory);
  const written = new Set<string>();
  const lines: Buffer[] = [];
  let made = false;
  try {
    await mkdir(output, { mode: 0o700 });
    made = true;
    for await (const { path, bytes } of recordFiles(stateDirectory, incident)) {
      const record = parseRecord(bytes);
      if (bytes === null || record === null) throw invalid(path, 'is not what was kept');
      lines.push(bytes, NEWLINE);
      if (record.kept === null || written.has(record.kept.sha256)) continue;
      const { sha256, size } = record.kept;
      await copyFile(blobs.path(sha256), join(output, sha256), constants.COPYFILE_EXCL);
      const problem = await checkContent(join(output, sha256), sha256, size);
      if (problem !== null) throw invalid(`the refused file ${sha256}`, problem.detail);
      written.add(sha256);
    }
    await writeNewFile(join(output, 'records.jsonl'), Buffer.concat(lines));
    await syncFolder(output);
    await syncFolder(dirname(output));
    return { path: output, files: written.size };
  } catch (error) {
    if (made) await rm(output, { recursive: true, force: true });
    throw outputFailure(error, output);
  }
}

function invalid(what: string, detail: string): PristineError {
  return new PristineError('E_EVIDENCE_INVALID', `${what} ${detail}`, {
    next: 'Run "pristine evidence verify" on the incident to see what is wrong.',
  });
}

const NEWLINE = Buffer.from('\n');
