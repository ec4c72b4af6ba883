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
import { HashingFile, type WrittenFile } from '../hashing-file.ts';

const manifestSchema = z.array(z.object({ Config: z.string(), Layers: z.array(z.string()) })).length(1);

export interface UnpackedArchive {
  readonly config: Buffer;
  /** Files with the layers, as they were stored, lowest first. */
  readonly layers: readonly string[];
}

/** Unpacks an archive into a folder, each member under a name of ours, and finds its one image. */
export async function unpackArchive(
  archive: Readable,
  folder: string,
  signal?: AbortSignal,
): Promise<UnpackedArchive> {
  const members = new Map<string, string>();
  const links = new Map<string, string>();
  const reader = extract();
  const finished = pipeline(archive, reader, signal === undefined ? {} : { signal });
  const unpacked = (async () => {
    for await (const entry of reader) {
      const { name, type, linkname } = entry.header;
      const path = posix.normalize(name);
      if (type === 'file') {
        const file = join(folder, String(members.size));
        await pipeline(entry, (await open(file, 'wx', 0o600)).createWriteStream());
        members.set(path, file);
      } else {
        // A layer that the image has twice is a link to the first in old archives.
        if (type === 'symlink') links.set(path, posix.join(posix.dirname(path), linkname ?? ''));
        if (type === 'link') links.set(path, posix.normalize(linkname ?? ''));
        entry.resume();
      }
    }
  })();
  await Promise.all([finished, unpacked]);
  const member = (path: string): string => {
    const file = members.get(path) ?? members.get(links.get(path) ?? '');
    if (file === undefined) throw new Error(`the engine's image archive has no ${path}`);
    return file;
  };
  const [image] = manifestSchema.parse(JSON.parse(await readFile(member('manifest.json'), 'utf8')));
  if (image === undefined) throw new Error('the image archive has no image');
  return { config: await readFile(member(image.Config)), layers: image.Layers.map(member) };
}

/** Writes a layer, uncompressed, to a new file. */
export async function decompressLayer(
  layer: string,
  target: string,
  signal?: AbortSignal,
): Promise<WrittenFile> {
  await using file = await HashingFile.create(target);
  const packed = createReadStream(layer, { highWaterMark: 256 << 10 });
  const decompressor = await decompressorFor(layer);
  const write = async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) await file.write(piece);
  };
  const options = signal === undefined ? {} : { signal };
  if (decompressor === null) await pipeline(packed, write, options);
  else await pipeline(packed, decompressor, write, options);
  return await file.finish();
}

async function decompressorFor(layer: string): Promise<Duplex | null> {
  await using file = await open(layer);
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
  if (buffer.readUInt16BE(0) === 0x1f8b) return createGunzip();
  if (buffer.readUInt32LE(0) === 0xfd2fb528) return createZstdDecompress();
  return null;
}
