import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BundleManifest } from '../../contract/index.ts';
import type { Engine } from '../../engine/index.ts';
import { PristineError } from '../../kernel/index.ts';
import { blobPath } from '../bundle/builder.ts';
import type { BundleSource } from '../bundle/entries.ts';
import { dockerManifest, isEvidenceReference } from '../image/evidence-image.ts';
import { type ByteSink, TarWriter } from '../tar/writer.ts';
import { writeFile } from './export.ts';

/** An evidence image that an engine holds for a while. */
export interface ShellImage extends AsyncDisposable {
  /** What to run. */
  readonly reference: string;
  /** Takes it out of the engine again. */
  remove(): Promise<void>;
}

/**
 * Loads the image of a bundle, without its other items, into an engine.
 *
 * @throws {PristineError} E_EVIDENCE_INVALID when its name is not one of an evidence image
 */
export async function loadShellImage(
  engine: Pick<Engine, 'loadImage' | 'removeImage'>,
  source: BundleSource,
  manifest: BundleManifest,
  signal?: AbortSignal,
): Promise<ShellImage> {
  const { reference } = manifest.image;
  // A crafted bundle must not put its image in the place of one of the operator's.
  if (!isEvidenceReference(reference)) throw foreignName(reference);
  const archive = new PassThrough({ highWaterMark: 4 << 20 });
  const written = pipeline(
    async function* () {
      yield* piecesOf((sink) => writeImage(sink, source, manifest, signal));
    },
    archive,
    signal === undefined ? {} : { signal },
  );
  await Promise.all([engine.loadImage(archive), written]);
  const remove = () => engine.removeImage(reference);
  return { reference, remove, [Symbol.asyncDispose]: remove };
}

function foreignName(reference: string): PristineError {
  return new PristineError(
    'E_EVIDENCE_INVALID',
    `the bundle calls its image ${reference}, a name that evidence does not have`,
    { next: 'Do not trust it: "pristine evidence verify" says what is wrong with it.' },
  );
}

async function writeImage(
  sink: ByteSink,
  source: BundleSource,
  { image }: BundleManifest,
  signal?: AbortSignal,
): Promise<void> {
  const tar = new TarWriter(sink);
  const description = Buffer.from(dockerManifest(image.config, image.layers, image.reference));
  const owner = { mode: 0o644, uid: 0, gid: 0, mtime: '0.000000000' };
  await tar.content({ path: Buffer.from('manifest.json'), type: 'file', ...owner }, description);
  for (const digest of new Set([image.config, ...image.layers])) {
    await writeFile(tar, blobPath(digest), source.entries.get(blobPath(digest)), signal);
  }
  await tar.end();
}

/** Turns a writer into a sequence of pieces, one at a time. */
async function* piecesOf(write: (sink: ByteSink) => Promise<void>): AsyncGenerator<Uint8Array> {
  const channel = new TransformStream<Uint8Array, Uint8Array>();
  const writer = channel.writable.getWriter();
  const done = write({ write: (bytes) => writer.write(Buffer.from(bytes)) }).then(
    () => writer.close(),
    (error) => writer.abort(error),
  );
  yield* channel.readable;
  await done;
}
