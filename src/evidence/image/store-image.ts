import { readFile, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Engine } from '../../engine/index.ts';
import { canonicalJson, PristineError, systemErrorCode } from '../../kernel/index.ts';
import { privateFolder, replaceFile, writeNewFile } from '../../linux/index.ts';
import { sha256 } from '../seal/seal.ts';
import { BlobStore } from './blob-store.ts';
import { decompressLayer, type UnpackOptions, unpackArchive } from './saved-archive.ts';

/** An image whose configuration and uncompressed layers are in the blob store. */
export interface StoredImage {
  readonly config: Buffer;
  readonly layers: readonly { readonly sha256: string; readonly size: number }[];
}

const recordSchema = z.strictObject({ config: z.string(), layers: z.array(z.string()) });
const configSchema = z.looseObject({ rootfs: z.looseObject({ diff_ids: z.array(z.string()) }) });

/**
 * Puts an image's layers into the blob store; does nothing when they are there already.
 *
 * @throws {PristineError} E_CAPTURE when the engine's archive is not what its configuration says
 */
export async function storeImage(
  engine: Pick<Engine, 'saveImage'>,
  imageId: string,
  stateDirectory: string,
  options: UnpackOptions = {},
): Promise<StoredImage> {
  const blobs = new BlobStore(stateDirectory);
  const record = imageRecordPath(stateDirectory, imageId);
  const stored = await storedImage(record, blobs);
  if (stored !== null) {
    // The record's time says when the image was last of use; on a read-only or full disk it need not.
    await utimes(record, new Date(), new Date()).catch(() => {});
    // Whoever stored it may have been killed just afterwards.
    await blobs.sweepWork().catch(() => {});
    return stored;
  }

  await using work = await blobs.work();
  const archive = await engine.saveImage(imageId);
  const { config, layers } = await unpackArchive(archive, work.path, options);
  const expected = diffIds(config);
  const digests: string[] = [];
  for (const [index, layer] of layers.entries()) {
    const { file, sha256: digest } = await decompressLayer(layer, join(work.path, `layer-${index}`), options);
    if (expected[index] !== `sha256:${digest}`) throw mismatch(imageId, index);
    // An image can have the same layer twice, in one file.
    if (!digests.includes(digest)) await blobs.adopt(file, digest);
    digests.push(digest);
  }
  if (expected.length !== digests.length) throw mismatch(imageId, digests.length);
  const configDigest = sha256(config);
  await writeNewFile(join(work.path, 'config'), config);
  await blobs.adopt(join(work.path, 'config'), configDigest);
  await privateFolder(join(stateDirectory, 'images'));
  await replaceFile(record, canonicalJson({ config: configDigest, layers: digests }));
  return { config, layers: await Promise.all(digests.map((digest) => sized(blobs, digest))) };
}

/** Where it is recorded which blobs an image consists of. */
export function imageRecordPath(stateDirectory: string, imageId: string): string {
  const name = imageId.replace(/^sha256:/, '').replaceAll(/[^\w.-]/g, '_');
  return join(stateDirectory, 'images', `${name}.json`);
}

/** The blobs in an image's record; null when it is none. */
export function parseImageRecord(bytes: Buffer): z.infer<typeof recordSchema> | null {
  try {
    return recordSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return null;
  }
}

async function storedImage(record: string, blobs: BlobStore): Promise<StoredImage | null> {
  try {
    const { config, layers } = recordSchema.parse(JSON.parse(await readFile(record, 'utf8')));
    const image = {
      config: await readFile(blobs.path(config)),
      layers: await Promise.all(layers.map((digest) => sized(blobs, digest))),
    };
    if (sha256(image.config) === config) return image;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== undefined && code !== 'ENOENT') throw error;
  }
  // A record that cannot be used is of no use; the image is asked for again.
  await rm(record, { force: true });
  return null;
}

async function sized(blobs: BlobStore, digest: string): Promise<{ sha256: string; size: number }> {
  const size = await blobs.size(digest);
  if (size === null) throw new Error(`blob ${digest} is missing`);
  return { sha256: digest, size };
}

/** The uncompressed layers' digests that an image configuration names, as `sha256:HEX`. */
function diffIds(config: Buffer): string[] {
  return configSchema.parse(JSON.parse(config.toString('utf8'))).rootfs.diff_ids;
}

function mismatch(imageId: string, layer: number): PristineError {
  return new PristineError(
    'E_CAPTURE',
    `layer ${layer} of image ${imageId} is not what the image's configuration says`,
    {
      next: "The engine's image store is damaged: pull or build the image anew.",
    },
  );
}
