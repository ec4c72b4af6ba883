/** A bundle to be read: a directory, or an exported tar. Either may be hostile. */
import { constants, open } from 'node:fs/promises';
import { PristineError, systemErrorCode } from '../../kernel/index.ts';
import { directoryEntries } from './directory-source.ts';
import type { BundleEntry, BundleSource } from './entries.ts';
import { tarEntries } from './tar-source.ts';

/** @throws {PristineError} E_NO_SUCH_BUNDLE when there is neither a directory nor a file */
export async function openBundle(path: string): Promise<BundleSource> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await file.stat();
    if (status.isFile()) return await tarEntries(file, status.size);
    await file.close();
    if (status.isDirectory()) return await directoryEntries(path);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ENXIO'].includes(systemErrorCode(error) ?? '')) throw error;
  }
  throw new PristineError('E_NO_SUCH_BUNDLE', `no evidence bundle at ${path}`, {
    next: 'Give the id of a bundle of this host, its directory, or the tar that "pristine evidence export" wrote.',
  });
}

/**
 * The whole of a small file.
 * @throws {Error} when it has more than `limit` bytes
 */
export async function readEntry(entry: BundleEntry, limit: number): Promise<Buffer> {
  if (entry.size > limit) throw new Error(`${entry.size} bytes are more than the ${limit} that it may have`);
  await using file = await entry.open();
  const pieces: Buffer[] = [];
  for (let at = 0; at < entry.size; ) {
    const piece = await file.read(at, entry.size - at);
    if (piece.length === 0) break;
    pieces.push(Buffer.from(piece));
    at += piece.length;
  }
  return Buffer.concat(pieces);
}
