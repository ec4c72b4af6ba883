import { open } from 'node:fs/promises';
import { HashingFile, type WrittenFile } from '../hashing-file.ts';
import { descriptorSource } from '../layer/write-file.ts';
import type { SpaceGuard } from '../space.ts';
import { scanTar, type TarMember } from '../tar/scan.ts';
import { TarWriter } from '../tar/writer.ts';

/** Engines write holes out as zeros: files with more than that would fill the disk of whoever loads the image. */
export const MOST_HOLES = 64 << 20;
const PIECE = 256 << 10;

/** A member that the image goes without, and why. */
export interface LeftOut {
  readonly path: string;
  readonly why: string;
}

/**
 * Copies a layer without the files whose holes would fill a disk, without hard links to them, and without names
 * of the container's that an engine would take for whiteouts, which would hide files of the image.
 *
 * @returns null when there are none, and nothing is written
 */
export async function writeLoadableLayer(
  layer: string,
  target: string,
  { space, signal }: { space?: SpaceGuard; signal?: AbortSignal } = {},
): Promise<(WrittenFile & { leftOut: LeftOut[] }) | null> {
  await using file = await open(layer);
  const source = descriptorSource(file.fd, signal);
  const kept: { start: number; end: number }[] = [];
  const leftOut = new Map<string, string>();
  for await (const member of scanTar(source)) {
    const why = whyLeftOut(member) ?? (member.type === 'hardlink' ? leftOut.get(member.target) : undefined);
    if (why !== undefined) leftOut.set(member.path, why);
    else if (kept.at(-1)?.end === member.start) kept.push({ start: kept.pop()?.start ?? 0, end: member.end });
    else kept.push({ start: member.start, end: member.end });
  }
  if (leftOut.size === 0) return null;
  await using copy = await HashingFile.create(target, space);
  for (const { start, end } of kept) {
    for (let at = start; at < end; ) {
      const piece = await source.read(at, Math.min(PIECE, end - at));
      await copy.write(piece);
      at += piece.length;
    }
  }
  await new TarWriter(copy).end();
  return { ...(await copy.finish()), leftOut: [...leftOut].map(([path, why]) => ({ path, why })) };
}

function whyLeftOut({ sparse, realSize, dataSize, literal }: TarMember): string | undefined {
  if (sparse && realSize - dataSize > MOST_HOLES) return 'loading it would fill the disk with zeros';
  return literal ? 'engines take names with ".wh." for deletions' : undefined;
}
