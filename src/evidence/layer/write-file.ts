import { fstatSync, read as readCallback, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { dataRanges, type SafeFile } from '../../linux/index.ts';
import type { TarHeader } from '../tar/header.ts';
import type { Extent } from '../tar/sparse.ts';
import type { ByteSource, TarWriter } from '../tar/writer.ts';
import type { Entry, TreeOptions } from './entry.ts';

const read = promisify(readCallback);

const SMALL = 64 << 10;
/** Extents kept of one sparse file; a hostile one can have millions. */
const MOST_EXTENTS = 1 << 18;

/**
 * Writes a regular file, sparse where it is. One that changes while it is read is kept as far as it was read,
 * and named among the omissions.
 *
 * @returns bytes of holes that the entry stands for; null when none was written
 */
export async function writeFileEntry(
  entry: Entry,
  header: Omit<TarHeader, 'size'>,
  tar: TarWriter,
  { omissions, signal, title, budget }: TreeOptions,
): Promise<number | null> {
  const omit = (why: string) => omissions.add(`${title}: /${entry.path} ${why}.`);
  using file = entry.directory.openFile(entry.name);
  if (file === null) {
    omit('vanished while it was read');
    return null;
  }
  const { size, allocated } = file.status;
  if (budget !== undefined) {
    const data = Math.min(size, allocated);
    if (data > budget.left) {
      omit(`has ${data} bytes, more than are kept of such files together`);
      return null;
    }
    budget.left -= data;
  }
  const source = descriptorSource(file.descriptor, signal);
  let got: number;
  let wanted = size;
  if (allocated < size && size > 0) {
    const { extents, complete } = extentsOf(file);
    if (!complete) omit(`is sparse with more than ${MOST_EXTENTS} pieces; those after them are not kept`);
    wanted = extents.reduce((total, { length }) => total + length, 0);
    got = await tar.sparseFile(header, size, extents, source);
  } else got = await tar.file(header, size, source);
  if (got < wanted) omit(`shrank while it was read: ${got} of ${wanted} bytes are kept`);
  else if (fstatSync(file.descriptor).size > size)
    omit(`grew while it was read: its first ${size} bytes are kept`);
  return size - wanted;
}

/** Reads an open file in pieces through one buffer, which each call uses again. */
export function descriptorSource(descriptor: number, signal?: AbortSignal): ByteSource {
  let buffer = Buffer.alloc(0);
  return {
    async read(offset, length) {
      signal?.throwIfAborted();
      if (buffer.length < length) buffer = Buffer.alloc(length);
      // For small files the way through the thread pool takes far longer than the reading.
      if (length <= SMALL) return buffer.subarray(0, readSync(descriptor, buffer, 0, length, offset));
      const { bytesRead } = await read(descriptor, buffer, 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
  };
}

function extentsOf(file: SafeFile): { extents: Extent[]; complete: boolean } {
  const extents: Extent[] = [];
  for (const { start, end } of dataRanges(file.descriptor, file.status.size)) {
    if (extents.length === MOST_EXTENTS) return { extents, complete: false };
    extents.push({ offset: start, length: end - start });
  }
  return { extents, complete: true };
}
