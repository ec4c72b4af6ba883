import { createHash } from 'node:crypto';
import { constants, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { VerifyProblem } from '../../contract/index.ts';
import { messageOf } from '../../kernel/index.ts';
import { BlobStore } from '../image/blob-store.ts';
import { entriesOfIncident } from '../ledger/entries-about.ts';
import { ledgerPath } from '../ledger/ledger.ts';
import { sha256 } from '../seal/seal.ts';
import { parseRecord, recordFiles } from './records.ts';

export interface FrameReport {
  readonly files: number;
  readonly bytes: number;
  readonly problems: VerifyProblem[];
}

/**
 * Checks the refused files of an incident against the ledger: that every record is there as it was written, none was
 * added, and each file has the hash that its record names. The ledger itself is for `verifyLedger`.
 */
export async function verifyFrames(
  stateDirectory: string,
  incident: string,
  signal?: AbortSignal,
): Promise<FrameReport> {
  const entries = await entriesOfIncident(ledgerPath(stateDirectory), incident);
  // What was refused before that was removed on purpose.
  const expired = entries.findLast(({ action, bundle }) => action === 'expire' && bundle === null)?.seq ?? -1;
  const recorded = new Map(
    entries
      .filter(({ action, seq }) => action === 'deny' && seq > expired)
      .map(({ detail }) => [detail.record ?? '', detail.recordSha256]),
  );
  const problems: VerifyProblem[] = [];
  const note = (subject: string, problem: VerifyProblem['problem'], detail: string) =>
    problems.push({ subject, problem, detail });
  const contents = new Map<string, number>();
  let files = 0;
  let bytes = 0;
  for await (const record of recordFiles(stateDirectory, incident)) {
    files++;
    bytes += record.bytes?.length ?? 0;
    const wanted = recorded.get(record.path);
    recorded.delete(record.path);
    const kept = parseRecord(record.bytes)?.kept;
    if (wanted === undefined) note(record.path, 'not-recorded', 'is not in the ledger');
    else if (record.bytes === null || sha256(record.bytes) !== wanted)
      note(record.path, 'changed', 'is not what the ledger has');
    else if (kept) contents.set(kept.sha256, kept.size);
  }
  for (const path of recorded.keys()) note(path, 'missing', 'is in the ledger and not there');
  const blobs = new BlobStore(stateDirectory);
  for (const [digest, size] of contents) {
    signal?.throwIfAborted();
    files++;
    const problem = await checkContent(blobs.path(digest), digest, size, signal);
    if (problem === null) bytes += size;
    else problems.push({ subject: join('blobs', 'sha256', digest), ...problem });
  }
  return { files, bytes, problems };
}

/** What is wrong with a kept file; null when it is as it was kept. */
export async function checkContent(
  path: string,
  digest: string,
  size: number,
  signal?: AbortSignal,
): Promise<Pick<VerifyProblem, 'problem' | 'detail'> | null> {
  const changed = (detail: string) => ({ problem: 'changed', detail }) as const;
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = await file.stat();
    if (!status.isFile()) return changed('is no regular file');
    if (status.size !== size) return changed(`has ${status.size} bytes, not ${size}`);
    const hash = createHash('sha256');
    for await (const piece of file.createReadStream({ autoClose: false, highWaterMark: PIECE })) {
      signal?.throwIfAborted();
      hash.update(piece);
    }
    const found = hash.digest('hex');
    return found === digest ? null : changed(`has SHA-256 ${found}`);
  } catch (error) {
    signal?.throwIfAborted();
    return { problem: 'missing', detail: `cannot be read: ${messageOf(error)}` };
  }
}

const PIECE = 256 << 10;
