import { BLOCK, encodeHeader, padding, type TarHeader } from './header.ts';
import { type Extent, encodeSparseMap, sparseRecords } from './sparse.ts';

/** Where an archive's bytes go; resolves when the next may come. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
}

/** What a file's data is read from; asked for ranges in order. */
export interface ByteSource {
  /** At most `length` bytes from `offset`; empty at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

const PIECE = 256 << 10;

/** Writes a tar archive entry by entry, holding no more than a piece of one file in memory. */
export class TarWriter {
  readonly #sink: ByteSink;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** An entry without data: a directory, link, device or FIFO, or an empty file. */
  async entry(header: Omit<TarHeader, 'size'>): Promise<void> {
    await this.#sink.write(encodeHeader({ ...header, size: 0 }));
  }

  /** A file whose content is in memory. */
  async content(header: Omit<TarHeader, 'size'>, bytes: Uint8Array): Promise<void> {
    await this.#sink.write(encodeHeader({ ...header, size: bytes.length }));
    await this.#sink.write(bytes);
    await this.#sink.write(padding(bytes.length));
  }

  /**
   * A file of `size` bytes read from `source`. One that turns out shorter is filled with zeros, one that
   * turns out longer is cut, so that the archive stays readable.
   *
   * @returns bytes that the source gave; less than `size` when it was shorter
   */
  async file(header: Omit<TarHeader, 'size'>, size: number, source: ByteSource): Promise<number> {
    await this.#sink.write(encodeHeader({ ...header, size }));
    const read = await this.#copy(source, { offset: 0, length: size });
    await this.#sink.write(padding(size));
    return read;
  }

  /**
   * A sparse file in the form PAX 1.0 of GNU tar: only its extents are stored.
   *
   * @returns bytes that the source gave
   */
  async sparseFile(
    header: Omit<TarHeader, 'size'>,
    realSize: number,
    extents: readonly Extent[],
    source: ByteSource,
  ): Promise<number> {
    const map = encodeSparseMap(realSize, extents);
    const size = map.length + extents.reduce((total, { length }) => total + length, 0);
    const records = [...sparseRecords(header.path, realSize), ...(header.records ?? [])];
    await this.#sink.write(encodeHeader({ ...header, path: SPARSE_NAME, records, size }));
    await this.#sink.write(map);
    let read = 0;
    for (const extent of extents) read += await this.#copy(source, extent);
    await this.#sink.write(padding(size));
    return read;
  }

  /** Two zero blocks: the end of the archive. */
  async end(): Promise<void> {
    await this.#sink.write(Buffer.alloc(2 * BLOCK));
  }

  async #copy(source: ByteSource, { offset, length }: Extent): Promise<number> {
    let done = 0;
    while (done < length) {
      const piece = await source.read(offset + done, Math.min(PIECE, length - done));
      if (piece.length === 0) break;
      await this.#sink.write(piece);
      done += piece.length;
    }
    for (let missing = length - done; missing > 0; missing -= PIECE) {
      await this.#sink.write(Buffer.alloc(Math.min(PIECE, missing)));
    }
    return done;
  }
}

/** Name for readers that do not know sparse files; the real one is in the PAX records. */
const SPARSE_NAME = Buffer.from('GNUSparseFile.0/file');
