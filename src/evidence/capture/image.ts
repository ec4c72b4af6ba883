import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleManifest } from '../../contract/index.ts';
import { systemErrorCode } from '../../kernel/index.ts';
import { SafeDirectory } from '../../linux/index.ts';
import type { WrittenFile } from '../hashing-file.ts';
import { BlobStore } from '../image/blob-store.ts';
import {
  artifactManifest,
  CONFIG_TYPE,
  dockerManifest,
  EMPTY_TYPE,
  evidenceReference,
  imageConfig,
  imageIndex,
  imageManifest,
  LAYER_TYPE,
  MANIFEST_TYPE,
  OCI_LAYOUT,
} from '../image/evidence-image.ts';
import { writeLoadableLayer } from '../image/loadable-layer.ts';
import { type StoredImage, storeImage } from '../image/store-image.ts';
import { measureTree } from '../layer/measure-tree.ts';
import { writeTree } from '../layer/write-tree.ts';
import { TarWriter } from '../tar/writer.ts';
import type { CaptureContext } from './context.ts';

const UPPER = 'upper-layer.tar';
/** Entries that are counted beforehand; of larger layers it is found while they are copied how much they take. */
const MOST_COUNTED = 60_000;

/** The layers of the evidence image. */
export interface Layers {
  readonly base: StoredImage;
  /** What was captured on top; null when the engine's own commit already holds it. */
  readonly top: WrittenFile | null;
}

/**
 * Counts what is in the container's upper layer before any of it is copied; null where it is out of reach.
 *
 * @throws {PristineError} E_DISK_FULL when there is no room for it
 */
export async function measureUpperLayer({ target, space, signal }: CaptureContext): Promise<number | null> {
  if (target.overlay === null) {
    await space.expect(0, `the capture of ${target.name}`);
    return null;
  }
  using root = openUpper(target.overlay.upper);
  if (root === null) return 0;
  const enough = { bytes: await space.room(), entries: MOST_COUNTED };
  const { entries, bytes } = await measureTree(root, enough, signal);
  await space.expect(bytes, `the upper layer of ${target.name}, as far as it was measured,`);
  return entries;
}

/** Keeps the container's upper layer, and the suspect's image with it on top. */
export async function captureLayers(context: CaptureContext): Promise<Layers> {
  const { overlay } = context.target;
  const layers = overlay === null ? await committedLayers(context) : await ownLayers(context, overlay.upper);
  const blobs = new BlobStore(context.stateDirectory);
  for (const layer of layers.base.layers) await context.builder.blobFrom(blobs.path(layer.sha256), layer);
  if (layers.top === null) {
    const last = layers.base.layers.at(-1);
    const kind = { title: 'The upper layer, as the engine committed it', mediaType: 'application/x-tar' };
    if (last !== undefined) await context.builder.itemFromBlob(UPPER, kind, last);
  }
  return layers;
}

async function ownLayers(context: CaptureContext, upper: string): Promise<Layers> {
  const { engine, target, stateDirectory, space } = context;
  const signal = context.signal;
  // Both are waited for whatever becomes of the other, as both write.
  const [written, base] = await Promise.allSettled([
    upperLayer(context, upper),
    storeImage(engine, target.imageId, stateDirectory, { space, ...(signal && { signal }) }),
  ]);
  if (written.status === 'rejected') throw written.reason;
  if (base.status === 'rejected') throw base.reason;
  const { unloadable, ...layer } = written.value;
  return { base: base.value, top: (unloadable ? await loadableLayer(context) : null) ?? layer };
}

/** @returns with whether engines would make of it what it is not */
async function upperLayer(
  { builder, omissions, signal }: CaptureContext,
  upper: string,
): Promise<WrittenFile & { unloadable: boolean }> {
  let unloadable = false;
  const kind = {
    title: 'The upper layer with everything that differs from the image',
    mediaType: 'application/x-tar',
  };
  const written = await builder.item(UPPER, kind, async (file) => {
    using root = openUpper(upper);
    const tar = new TarWriter(file);
    if (root === null)
      omissions.add('The upper layer was gone from the engine\u2019s storage: it is empty here.');
    else {
      const options = { overlay: true, title: 'upper layer', omissions, ...(signal && { signal }) };
      ({ unloadable } = await writeTree(root, tar, options));
    }
    await tar.end();
  });
  return { ...written, unloadable };
}

/** Null when it is not there: an engine that failed to remove a container can have removed it in part. */
function openUpper(upper: string): SafeDirectory | null {
  try {
    return SafeDirectory.openTrusted(upper);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function loadableLayer({
  folder,
  builder,
  omissions,
  space,
  signal,
}: CaptureContext): Promise<WrittenFile | null> {
  const file = join(folder, 'loadable-layer');
  const upper = join(folder, 'items', UPPER);
  await space.expect((await stat(upper)).size, 'the form of the upper layer that engines can load');
  const loadable = await writeLoadableLayer(upper, file, { space, ...(signal && { signal }) });
  if (loadable === null) return null;
  await builder.blobFrom(file, loadable);
  await rm(file);
  for (const { path, why } of loadable.leftOut) {
    omissions.add(`/${path} is not in the evidence image, as ${why}; items/${UPPER} has it.`);
  }
  return loadable;
}

/** Where the engine's storage is out of reach, the engine commits; what that leaves out is said. */
async function committedLayers({
  engine,
  target,
  stateDirectory,
  bundle,
  omissions,
  space,
  signal,
}: CaptureContext): Promise<Layers> {
  omissions.add(
    'The upper layer is the one that the engine committed: without extended attributes but capabilities.',
  );
  const id = await engine.commit(target.id, { 'pristine.evidence': bundle });
  try {
    const options = { space, ...(signal && { signal }) };
    return { base: await storeImage(engine, id, stateDirectory, options), top: null };
  } finally {
    await engine.removeImage(id);
  }
}

/** Writes the documents that make the bundle an OCI image layout and an archive for `docker load`. */
export async function writeImageDocuments(
  { builder, bundle, target }: CaptureContext,
  { base, top }: Layers,
  createdAt: string,
): Promise<BundleManifest['image']> {
  const layers = [...base.layers, ...(top === null ? [] : [top])];
  const digests = layers.map(({ sha256 }) => sha256);
  const reference = evidenceReference(target.name, bundle);
  const config = await builder.blob(imageConfig(base.config, top?.sha256 ?? null, bundle, createdAt));
  const image = await builder.blob(
    imageManifest(
      { mediaType: CONFIG_TYPE, ...config },
      layers.map((layer) => ({ mediaType: LAYER_TYPE, ...layer })),
    ),
  );
  const imageDescriptor = { mediaType: MANIFEST_TYPE, ...image };
  const items = builder.items.map(({ path, title, ...item }) => ({
    ...item,
    annotations: { 'org.opencontainers.image.title': path, 'org.opencontainers.image.description': title },
  }));
  const empty = { mediaType: EMPTY_TYPE, ...(await builder.blob('{}')) };
  const artifact = await builder.blob(artifactManifest(empty, items, imageDescriptor));
  await builder.file('oci-layout', OCI_LAYOUT);
  await builder.file(
    'index.json',
    imageIndex(imageDescriptor, { mediaType: MANIFEST_TYPE, ...artifact }, reference),
  );
  await builder.file('manifest.json', dockerManifest(config.sha256, digests, reference));
  return { reference, config: config.sha256, layers: digests, baseLayers: layers.length - 1 };
}
