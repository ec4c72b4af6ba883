/** What `docker save` writes: until Docker 24 a folder a layer, from 25 on an OCI layout; `manifest.json` in both. */
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { posix } from 'node:path/posix';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { z } from 'zod';
import { HashingFile } from '../hashing-file.ts';
import type { SpaceGuard } from '../space.ts';

const manifestSchema = z.array(z.object({ Config: z.string(), Layers: z.array(z.string()) })).length(1);

/** A file of an archive, with the hash of its bytes as they were stored. */
export interface UnpackedFile {
  readonly file: string;
  readonly sha256: string;
}

export interface UnpackedArchive {
  readonly config: Buffer;
  /** Lowest first; one that the image has twice is named twice. */
  readonly layers: readonly UnpackedFile[];
}

export interface UnpackOptions {
  readonly space?: SpaceGuard;
  readonly signal?: AbortSignal;
}

/** Unpacks an archive into a folder, each member under a name of ours, and finds its one image. */
export async function unpackArchive(
  archive: Readable,
  folder: string,
  { space, signal }: UnpackOptions = {},
): Promise<UnpackedArchive> {
  const members = new Map<string, UnpackedFile>();
  const links = new Map<string, string>();
  const reader = extract();
  const finished = pipeline(archive, reader, signal === undefined ? {} : { signal });
  const ended = finished.then(() => new Promise<never>(() => {}));
  const unpacked = (async () => {
    for await (const entry of until(ended, reader)) {
      // Its errors are the reader's too.
      entry.on('error', () => {});
      const { name, type, linkname } = entry.header;
      const path = posix.normalize(name);
      if (type === 'file') {
        const file = join(folder, String(members.size));
        await using target = await HashingFile.create(file, space);
        await writeAll(until(ended, entry as AsyncIterable<Buffer>), target);
        members.set(path, { file, sha256: (await target.finish()).sha256 });
      } else {
        // A layer that the image has twice is a link to the first in old archives.
        if (type === 'symlink') links.set(path, posix.join(posix.dirname(path), linkname ?? ''));
        if (type === 'link') links.set(path, posix.normalize(linkname ?? ''));
        entry.resume();
      }
    }
  })();
  unpacked.catch((error: Error) => reader.destroy(error));
  const [read, written] = await Promise.allSettled([finished, unpacked]);
  // A write that fails ends the stream too, and only its own error says why.
  for (const end of [written, read]) if (end.status === 'rejected') throw end.reason;
  const member = (path: string): UnpackedFile => {
    const found = members.get(path) ?? members.get(links.get(path) ?? '');
    if (found === undefined) throw new Error(`the engine's image archive has no ${path}`);
    return found;
  };
  const [image] = manifestSchema.parse(JSON.parse(await readFile(member('manifest.json').file, 'utf8')));
  if (image === undefined) throw new Error('the image archive has no image');
  return { config: await readFile(member(image.Config).file), layers: image.Layers.map(member) };
}

/** A layer as it is when it is not compressed, else decompressed into a new file `target`. */
export async function decompressLayer(
  layer: UnpackedFile,
  target: string,
  { space, signal }: UnpackOptions = {},
): Promise<UnpackedFile> {
  const decompressor = await decompressorFor(layer.file);
  if (decompressor === null) return layer;
  await using file = await HashingFile.create(target, space);
  const packed = createReadStream(layer.file, { highWaterMark: 256 << 10 });
  const write = (pieces: AsyncIterable<Buffer>) => writeAll(pieces, file);
  await pipeline(packed, decompressor, write, signal === undefined ? {} : { signal });
  return { file: target, sha256: (await file.finish()).sha256 };
}

/**
 * What a stream gives, until `ended` rejects: the iterators of tar-stream can wait for ever when their stream is
 * destroyed before they are asked.
 */
async function* until<T>(ended: Promise<never>, stream: AsyncIterable<T>): AsyncGenerator<T> {
  const pieces = stream[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await Promise.race([pieces.next(), ended]);
    if (done) return;
    yield value;
  }
}

async function writeAll(pieces: AsyncIterable<Buffer>, file: HashingFile): Promise<void> {
  for await (const piece of pieces) await file.write(piece);
}

async function decompressorFor(layer: string): Promise<Duplex | null> {
  await using file = await open(layer);
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
  if (buffer.readUInt16BE(0) === 0x1f8b) return createGunzip();
  if (buffer.readUInt32LE(0) === 0xfd2fb528) return createZstdDecompress();
  return null;
}
