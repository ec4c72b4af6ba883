import { createHash, type Hash } from 'node:crypto';
import { fstat as fstatCallback, read as readCallback } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { DeniedFile } from '../../contract/index.ts';
import { PristineError } from '../../kernel/index.ts';
import { dataRanges } from '../../linux/index.ts';
import { HashingFile } from '../hashing-file.ts';
import type { Extent } from '../tar/sparse.ts';
import { type ByteSource, TarWriter } from '../tar/writer.ts';

const fstat = promisify(fstatCallback);
const read = promisify(readCallback);

const PIECE = 256 << 10;
/** A file with more holes than that is kept sparse: holes cost who made it nothing, and us time and space. */
const MOST_HOLES = 4 << 20;
/** Holes up to that many bytes are still hashed, so that such a file is known by the hash that others know it by. */
const MOST_HASHED_HOLES = 128 << 20;
/** Stretches of data kept of one sparse file; a hostile one can have millions. */
const MOST_EXTENTS = 1 << 16;

export interface FrameCopy {
  readonly kept: NonNullable<DeniedFile['kept']>;
  /** Size of the file, in bytes. */
  readonly size: number;
  /** SHA-256 of the whole file; null when it is not kept whole, or has more holes than are worth hashing. */
  readonly sha256: string | null;
  readonly notes: readonly string[];
}

/**
 * Copies an open file into a new one that is on disk when this resolves. It is read at explicit positions, as others
 * share the descriptor's offset, and up to the size that it had at the start, as whoever made it may go on writing.
 *
 * @param descriptor open for reading
 * @param most bytes of data to keep; of a longer file the beginning is kept
 * @throws {PristineError} E_CAPTURE when it is no regular file
 */
export async function copyFrame(
  descriptor: number,
  to: string,
  most: number,
  signal?: AbortSignal,
): Promise<FrameCopy> {
  const before = await fstat(descriptor);
  if (!before.isFile()) throw notAFile();
  const { size } = before;
  const maybeSparse = size - before.blocks * 512 > MOST_HOLES;
  const layout = maybeSparse ? await layoutOf(descriptor, size, most, signal) : null;
  await using file = await HashingFile.create(to);
  const source = positionalSource(descriptor, signal);
  const copied =
    layout !== null && layout.holes > MOST_HOLES
      ? await copySparse(source, file, size, layout)
      : await copyPlain(source, file, size, most);
  const after = await fstat(descriptor);
  const { whole } = copied;
  const notes = [...copied.notes];
  if (after.size !== size || after.mtimeMs !== before.mtimeMs)
    notes.push('It was written to while it was kept.');
  const written = await file.finish();
  return {
    kept: { ...written, form: copied.form, whole },
    size,
    sha256: copied.form === 'file' ? (whole ? written.sha256 : null) : copied.sha256,
    notes,
  };
}

interface Copied {
  readonly form: NonNullable<DeniedFile['kept']>['form'];
  readonly whole: boolean;
  /** Of the whole file, where the form's own hash is not that. */
  readonly sha256: string | null;
  readonly notes: readonly string[];
}

async function copyPlain(source: ByteSource, file: HashingFile, size: number, most: number): Promise<Copied> {
  const wanted = Math.min(size, most);
  let at = 0;
  while (at < wanted) {
    const piece = await source.read(at, Math.min(PIECE, wanted - at));
    if (piece.length === 0) break;
    await file.write(piece);
    at += piece.length;
  }
  const notes: string[] = [];
  if (wanted < size) notes.push(`Its first ${wanted} of ${size} bytes are kept.`);
  if (at < wanted) notes.push(`It shrank to ${at} bytes while it was kept.`);
  return { form: 'file', whole: at === size, sha256: null, notes };
}

async function copySparse(
  source: ByteSource,
  file: HashingFile,
  size: number,
  { extents, holes, complete, data }: Layout,
): Promise<Copied> {
  const hashing = complete && holes <= MOST_HASHED_HOLES ? new HoleHashing(source) : null;
  const got = await new TarWriter(file).sparseFile(MEMBER, size, extents, hashing ?? source);
  await new TarWriter(file).end();
  const notes = ["It is full of holes, and kept as a tar in GNU's sparse format."];
  if (!complete) notes.push(`Its first ${data} bytes of data are kept, and not what comes after them.`);
  if (got < data) notes.push(`It shrank while it was kept: ${got} of ${data} bytes of data are there.`);
  const whole = complete && got === data;
  return { form: 'sparse-tar', whole, sha256: whole && hashing ? await hashing.finish(size) : null, notes };
}

/** The same content gives the same archive, whatever its file was called. */
const MEMBER = {
  path: Buffer.from('denied-file'),
  type: 'file' as const,
  mode: 0o600,
  uid: 0,
  gid: 0,
  mtime: '0.000000000',
};

interface Layout {
  /** The stretches of data to keep. */
  readonly extents: readonly Extent[];
  /** Bytes of the file that are holes. */
  readonly holes: number;
  /** Bytes in the extents. */
  readonly data: number;
  /** Whether the extents are all data that there is. */
  readonly complete: boolean;
}

async function layoutOf(
  descriptor: number,
  size: number,
  most: number,
  signal: AbortSignal | undefined,
): Promise<Layout> {
  const extents: Extent[] = [];
  let data = 0;
  let complete = true;
  for (const { start, end } of dataRanges(descriptor, size)) {
    const length = Math.min(end - start, most - data);
    if (extents.length === MOST_EXTENTS || length <= 0) {
      complete = false;
      break;
    }
    extents.push({ offset: start, length });
    data += length;
    complete = length === end - start;
    if (!complete) break;
    if (extents.length % 1024 === 0) {
      signal?.throwIfAborted();
      await setImmediate();
    }
  }
  return { extents, holes: complete ? size - data : holesBefore(extents), data, complete };
}

function holesBefore(extents: readonly Extent[]): number {
  const last = extents.at(-1);
  const end = last === undefined ? 0 : last.offset + last.length;
  return end - extents.reduce((sum, { length }) => sum + length, 0);
}

/** Hashes a file of which only the stretches of data are read, with its holes as the zeros that they read as. */
class HoleHashing implements ByteSource {
  readonly #source: ByteSource;
  readonly #hash: Hash = createHash('sha256');
  #at = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    await this.#zerosUpTo(offset);
    const piece = await this.#source.read(offset, length);
    this.#hash.update(piece);
    this.#at += piece.length;
    return piece;
  }

  async finish(size: number): Promise<string> {
    await this.#zerosUpTo(size);
    return this.#hash.digest('hex');
  }

  async #zerosUpTo(offset: number): Promise<void> {
    while (this.#at < offset) {
      const length = Math.min(ZEROS.length, offset - this.#at);
      this.#hash.update(ZEROS.subarray(0, length));
      this.#at += length;
      await setImmediate();
    }
  }
}

const ZEROS = Buffer.alloc(1 << 20);

/** Each read goes through the thread pool, as the file may lie on a filesystem that answers slowly or never. */
function positionalSource(descriptor: number, signal: AbortSignal | undefined): ByteSource {
  const buffer = Buffer.alloc(PIECE);
  return {
    async read(offset, length) {
      signal?.throwIfAborted();
      const { bytesRead } = await read(descriptor, buffer, 0, Math.min(length, PIECE), offset);
      return buffer.subarray(0, bytesRead);
    },
  };
}

function notAFile(): PristineError {
  return new PristineError(
    'E_CAPTURE',
    'what was refused is no regular file, so that it has no bytes to keep',
    {
      next: 'Look at the refusal itself: its path and who used it.',
    },
  );
}
