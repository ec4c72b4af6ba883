/** Records of refused files: `denied/INCIDENT/N.json` in the state directory, each named with its hash in the ledger. */

import { constants, open, opendir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DeniedFile, deniedFileSchema } from '../../contract/index.ts';
import { systemErrorCode } from '../../kernel/index.ts';
import { syncFolder } from '../../linux/index.ts';
import { entriesOfIncident } from '../ledger/entries-about.ts';
import { ledgerPath } from '../ledger/ledger.ts';
import { sha256 } from '../seal/seal.ts';

/** Chains of processes with command lines of any length are in it. */
const LARGEST_RECORD = 16 << 20;
const PENDING = '.pending';

export interface RecordFile {
  /** Relative to the state directory. */
  readonly path: string;
  /** Null when it is no regular file, or longer than any record. */
  readonly bytes: Buffer | null;
}

export function recordsFolder(stateDirectory: string, incident: string): string {
  return join(stateDirectory, 'denied', incident);
}

/** Path of an incident's record, relative to the state directory. */
export function recordPath(incident: string, number: number): string {
  return join('denied', incident, `${String(number).padStart(6, '0')}.json`);
}

/** Where a record lies until it is in the ledger. */
export function pendingPath(record: string): string {
  return record + PENDING;
}

/** Incidents of which refused files are kept, oldest first. */
export async function incidentsWithRecords(stateDirectory: string): Promise<string[]> {
  return (await namesIn(join(stateDirectory, 'denied'))).filter(isIncident).sort();
}

/** What is no incident's id names no folder, e.g. `..`. */
export function isIncident(name: string): boolean {
  return /^inc-[\w-]+$/.test(name);
}

/** The records of an incident, in their order, as they lie on disk. */
export async function* recordFiles(stateDirectory: string, incident: string): AsyncGenerator<RecordFile> {
  if (!isIncident(incident)) return;
  const names = await namesIn(recordsFolder(stateDirectory, incident));
  for (const name of names.filter((each) => !each.endsWith(PENDING)).sort()) {
    const path = join('denied', incident, name);
    yield { path, bytes: await readRecord(join(stateDirectory, path)) };
  }
}

/** The record in some bytes; null when they are none. */
export function parseRecord(bytes: Buffer | null): DeniedFile | null {
  try {
    return deniedFileSchema.parse(JSON.parse(bytes?.toString('utf8') ?? ''));
  } catch {
    return null;
  }
}

/**
 * Puts records in place that are in the ledger, and removes those that are not: what a process left that ended
 * between the two.
 */
export async function settlePending(stateDirectory: string, incident: string): Promise<void> {
  const folder = recordsFolder(stateDirectory, incident);
  const pending = (await namesIn(folder)).filter((name) => name.endsWith(PENDING));
  if (pending.length === 0) return;
  const entries = await entriesOfIncident(ledgerPath(stateDirectory), incident);
  const recorded = new Map(entries.map(({ detail }) => [detail.record, detail.recordSha256]));
  for (const name of pending) {
    const path = join(folder, name);
    const final = name.slice(0, -PENDING.length);
    const bytes = await readRecord(path);
    if (bytes !== null && recorded.get(join('denied', incident, final)) === sha256(bytes))
      await rename(path, join(folder, final));
    else await rm(path, { force: true });
  }
  await syncFolder(folder);
}

async function readRecord(path: string): Promise<Buffer | null> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = await file.stat();
    return status.isFile() && status.size <= LARGEST_RECORD ? await file.readFile() : null;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return null;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder)) names.push(name);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  return names;
}
