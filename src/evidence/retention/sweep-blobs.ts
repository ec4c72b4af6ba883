import { readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../kernel/index.ts';
import { syncFolder } from '../../linux/index.ts';
import { incidentsWithRecords, parseRecord, recordFiles } from '../frames/records.ts';
import { BlobStore } from '../image/blob-store.ts';
import { imageRecordPath, parseImageRecord } from '../image/store-image.ts';
import { whileQuiet } from '../work-folder.ts';
import { namesIn } from './inventory.ts';

/** An image that no bundle has is kept for so long after its last use, as it may have been stored for the next capture. */
const IMAGE_KEPT_MS = 24 * 3600_000;

export interface SweepOptions {
  readonly now: Date;
  /** Ids of images that are in use. */
  readonly images: ReadonlySet<string>;
}

/**
 * Removes shared blobs that neither a bundle nor a record of a refused file nor an image in use needs; nothing while
 * anybody captures or stores an image, who may be about to need them.
 *
 * @returns bytes on disk that were freed
 */
export async function sweepBlobs(stateDirectory: string, { now, images }: SweepOptions): Promise<number> {
  for (const image of images) {
    await utimes(imageRecordPath(stateDirectory, image), now, now).catch(ignoreMissing);
  }
  const blobs = new BlobStore(stateDirectory);
  const folders = [join(stateDirectory, 'evidence'), blobs.folder];
  return (await whileQuiet(folders, () => sweep(stateDirectory, blobs, now))) ?? 0;
}

async function sweep(stateDirectory: string, blobs: BlobStore, now: Date): Promise<number> {
  const needed = await imagesNeed(stateDirectory, blobs, now);
  for (const incident of await incidentsWithRecords(stateDirectory)) {
    for await (const { bytes } of recordFiles(stateDirectory, incident)) {
      const kept = parseRecord(bytes)?.kept;
      if (kept) needed.add(kept.sha256);
    }
  }
  let freed = 0;
  for await (const name of namesIn(blobs.folder)) {
    if (!/^[0-9a-f]{64}$/.test(name) || needed.has(name)) continue;
    const { nlink, blocks } = await stat(blobs.path(name));
    // A second name is a bundle's.
    if (nlink > 1) continue;
    await rm(blobs.path(name), { force: true });
    freed += blocks * 512;
  }
  if (freed > 0) await syncFolder(blobs.folder);
  return freed;
}

/** Blobs of the images that stay; the records of the others are removed first, so that none names what is gone. */
async function imagesNeed(stateDirectory: string, blobs: BlobStore, now: Date): Promise<Set<string>> {
  const needed = new Set<string>();
  const folder = join(stateDirectory, 'images');
  let removed = false;
  for await (const name of namesIn(folder)) {
    const path = join(folder, name);
    const record = parseImageRecord(await readFile(path));
    const isRecent = now.getTime() - (await stat(path)).mtimeMs < IMAGE_KEPT_MS;
    if (record !== null && (isRecent || (await hasBundle(blobs, record.layers)))) {
      for (const digest of [record.config, ...record.layers]) needed.add(digest);
    } else {
      await rm(path, { force: true });
      removed = true;
    }
  }
  if (removed) await syncFolder(folder);
  return needed;
}

/** Whether a bundle has the image's uppermost layer, and so all of it. */
async function hasBundle(blobs: BlobStore, layers: readonly string[]): Promise<boolean> {
  const top = layers.at(-1);
  if (top === undefined) return false;
  const status = await stat(blobs.path(top)).catch(ignoreMissing);
  return status !== undefined && status.nlink > 1;
}

function ignoreMissing(error: unknown): undefined {
  if (systemErrorCode(error) !== 'ENOENT') throw error;
}
