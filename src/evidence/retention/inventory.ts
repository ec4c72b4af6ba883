import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerEntry } from '../../contract/index.ts';
import { PristineError, systemErrorCode } from '../../kernel/index.ts';
import { openBundle } from '../bundle/source.ts';
import { incidentsWithRecords, parseRecord, recordFiles, recordsFolder } from '../frames/records.ts';
import { BlobStore } from '../image/blob-store.ts';
import { readBundleManifest } from '../seal/read-manifest.ts';

/** A bundle, or the refused files of one incident: what is kept or removed as a whole. */
export interface KeptEvidence {
  readonly kind: 'bundle' | 'denied';
  /** Id of the bundle, or of the incident. */
  readonly id: string;
  readonly incident: string | null;
  /** When it was captured, or the last file refused. */
  readonly at: string;
  readonly folder: string;
  /** Bytes on disk of each file that it holds, by inode; others may hold the same. */
  readonly files: ReadonlyMap<string, number>;
}

/** Everything that can expire. A bundle without a readable seal is not among it: someone has to look at that. */
export async function keptEvidence(stateDirectory: string): Promise<KeptEvidence[]> {
  const kept: KeptEvidence[] = [];
  const evidence = join(stateDirectory, 'evidence');
  for await (const id of namesIn(evidence)) {
    if (!id.startsWith('ev-')) continue;
    const folder = join(evidence, id);
    const about = await describe(folder);
    if (about === null) continue;
    const files = new Map<string, number>();
    await addFiles(folder, files);
    kept.push({ kind: 'bundle', id, ...about, folder, files });
  }
  for (const id of await incidentsWithRecords(stateDirectory)) kept.push(await deniedOf(stateDirectory, id));
  return kept;
}

async function describe(folder: string): Promise<{ incident: string | null; at: string } | null> {
  try {
    await using source = await openBundle(folder);
    const { incident, capturedAt } = await readBundleManifest(source);
    return { incident, at: capturedAt };
  } catch (error) {
    if (error instanceof PristineError) return null;
    throw error;
  }
}

async function deniedOf(stateDirectory: string, incident: string): Promise<KeptEvidence> {
  const blobs = new BlobStore(stateDirectory);
  const folder = recordsFolder(stateDirectory, incident);
  const files = new Map<string, number>();
  let at = new Date(0).toISOString();
  for await (const { path, bytes } of recordFiles(stateDirectory, incident)) {
    const record = parseRecord(bytes);
    if (record !== null && record.at > at) at = record.at;
    if (record?.kept) await addFile(blobs.path(record.kept.sha256), files);
    await addFile(join(stateDirectory, path), files);
  }
  return { kind: 'denied', id: incident, incident, at, folder, files };
}

async function addFiles(folder: string, files: Map<string, number>): Promise<void> {
  for await (const name of namesIn(folder)) {
    const path = join(folder, name);
    if ((await addFile(path, files)) === 'folder') await addFiles(path, files);
  }
}

async function addFile(path: string, files: Map<string, number>): Promise<'folder' | 'file' | null> {
  try {
    const status = await lstat(path);
    if (status.isDirectory()) return 'folder';
    files.set(`${status.dev}:${status.ino}`, status.blocks * 512);
    return 'file';
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Names in a folder of ours; none when it is not there. */
export async function* namesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(folder)) yield name;
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

/** What the ledger says of evidence, as far as retention needs it. */
export class Custody {
  readonly #exported = new Map<string, number>();
  readonly #expired = new Map<string, LedgerEntry>();
  readonly #denied = new Map<string, number>();

  take(entry: LedgerEntry): void {
    const { action, bundle, seq, detail } = entry;
    const subject = bundle ?? detail.incident ?? '';
    if (action === 'export') this.#exported.set(subject, seq);
    if (action === 'expire') this.#expired.set(subject, entry);
    if (action === 'deny') this.#denied.set(subject, seq);
  }

  /** Whether all of it was exported: of refused files, after the last was refused. */
  isExported({ kind, id }: Pick<KeptEvidence, 'kind' | 'id'>): boolean {
    const at = this.#exported.get(id);
    return at !== undefined && (kind === 'bundle' || at > (this.#denied.get(id) ?? 0));
  }

  /** Whether its removal was recorded before, and nothing came after: then it was interrupted. */
  isExpired({ kind, id }: Pick<KeptEvidence, 'kind' | 'id'>): boolean {
    const at = this.#expired.get(id)?.seq;
    return at !== undefined && (kind === 'bundle' || at > (this.#denied.get(id) ?? 0));
  }
}
