import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import * as tar from 'tar-stream';
import type { FileState, FileType } from '../../contract/index.ts';
import type { FileSample, ReadOptions } from '../port.ts';

type Header = tar.Header;

/**
 * The state of the first entry of a tar stream, which the engine's archive call begins with the path that was
 * asked for. The rest, such as all files of a directory, is not read: the stream is destroyed.
 *
 * @returns null when the stream has no entry
 */
export function readState(archive: Readable, options: ReadOptions): Promise<FileState | null> {
  return withFirstEntry(archive, async (header, content) => {
    const state = stateOf(header);
    if (state.type !== 'file') return state;
    if (!options.hash) return { ...state, unhashed: 'skipped' };
    if (state.size > options.maxHashBytes) return { ...state, unhashed: 'too-large' };
    const digest = createHash('sha256');
    for await (const piece of content) {
      options.signal?.throwIfAborted();
      if (piece instanceof Uint8Array) digest.update(piece);
    }
    return { ...state, sha256: digest.digest('hex') };
  });
}

/** The first bytes of a tar stream's first entry; null when that is no regular file. */
export function readSample(archive: Readable, maxBytes: number): Promise<FileSample | null> {
  return withFirstEntry(archive, async (header, content) => {
    const { type, size } = stateOf(header);
    if (type !== 'file') return null;
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of content) {
      if (length >= maxBytes || !(piece instanceof Uint8Array)) break;
      pieces.push(piece.subarray(0, maxBytes - length));
      length += Math.min(piece.length, maxBytes - length);
    }
    return { bytes: Buffer.concat(pieces), size };
  });
}

async function withFirstEntry<T>(
  archive: Readable,
  use: (header: Header, content: AsyncIterable<unknown>) => Promise<T>,
): Promise<T | null> {
  const extract = tar.extract();
  archive.once('error', (error) => extract.destroy(error));
  archive.pipe(extract);
  try {
    for await (const entry of extract) return await use(entry.header, entry);
    return null;
  } finally {
    archive.unpipe(extract);
    // Nobody listens any more to what destroying them in the middle makes them say.
    archive.on('error', () => {});
    extract.on('error', () => {});
    archive.destroy();
    extract.destroy();
  }
}

function stateOf(header: Header): FileState {
  const type = TYPES[header.type];
  // Numbers that do not fit a tar header's fields stand in the extended header.
  const { uid, gid, mtime } = (header.pax ?? {}) as Partial<Record<string, string>>;
  return {
    type,
    mode: header.mode & 0o7777,
    uid: Number(uid ?? header.uid),
    gid: Number(gid ?? header.gid),
    size: header.size,
    mtime: timestamp(mtime, header.mtime),
    ...(type === 'symlink' ? { target: header.linkname } : {}),
    ...(type === 'char' || type === 'block'
      ? { device: { major: header.devmajor, minor: header.devminor } }
      : {}),
  };
}

const TYPES: Record<Header['type'], FileType> = {
  file: 'file',
  'contiguous-file': 'file',
  link: 'file',
  directory: 'dir',
  symlink: 'symlink',
  fifo: 'fifo',
  'character-device': 'char',
  'block-device': 'block',
};

/** Seconds with nine decimals; an extended header has up to nine of its own, the plain one whole seconds. */
function timestamp(exact: string | undefined, whole: Date): string {
  const [, seconds, fraction = ''] = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(exact ?? '') ?? [];
  return `${seconds ?? Math.floor(whole.getTime() / 1000)}.${fraction.padEnd(9, '0')}`;
}
