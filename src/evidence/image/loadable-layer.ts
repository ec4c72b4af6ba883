import { open } from 'node:fs/promises';
import { HashingFile, type WrittenFile } from '../hashing-file.ts';
import { descriptorSource } from '../layer/write-file.ts';
import { scanTar, type TarMember } from '../tar/scan.ts';
import { TarWriter } from '../tar/writer.ts';

/** Engines write holes out as zeros: files with more than that would fill the disk of whoever loads the image. */
const MOST_HOLES = 64 << 20;
const PIECE = 256 << 10;

/**
 * Copies a layer without the files whose holes would fill a disk, and without hard links to them.
 *
 * @returns null when there are none, and nothing is written
 */
export async function writeLoadableLayer(
  layer: string,
  target: string,
  signal?: AbortSignal,
): Promise<(WrittenFile & { leftOut: string[] }) | null> {
  await using file = await open(layer);
  const source = descriptorSource(file.fd, signal);
  const kept: { start: number; end: number }[] = [];
  const leftOut = new Set<string>();
  for await (const member of scanTar(source)) {
    if (isTooSparse(member) || (member.type === 'hardlink' && leftOut.has(member.target)))
      leftOut.add(member.path);
    else if (kept.at(-1)?.end === member.start) kept.push({ start: kept.pop()?.start ?? 0, end: member.end });
    else kept.push({ start: member.start, end: member.end });
  }
  if (leftOut.size === 0) return null;
  await using copy = await HashingFile.create(target);
  for (const { start, end } of kept) {
    for (let at = start; at < end; ) {
      const piece = await source.read(at, Math.min(PIECE, end - at));
      await copy.write(piece);
      at += piece.length;
    }
  }
  await new TarWriter(copy).end();
  return { ...(await copy.finish()), leftOut: [...leftOut] };
}

function isTooSparse({ sparse, realSize, dataSize }: TarMember): boolean {
  return sparse && realSize - dataSize > MOST_HOLES;
}
