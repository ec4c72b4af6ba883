import { createHash, type Hash, hash as hashOnce } from 'node:crypto';
import { readSync } from 'node:fs';
import type { FileState } from '../../contract/index.ts';
import { dataRanges, type SafeFile } from '../../linux/index.ts';
import type { ReadOptions } from '../port.ts';
import type { Place } from './lookup.ts';
import type { Pacer } from './pacer.ts';

const buffer = Buffer.alloc(256 * 1024);
const zeros = Buffer.alloc(64 * 1024);

/** Hashes regular files, one at a time, with one buffer for all. */
export class Hasher {
  readonly #options: ReadOptions;
  readonly #pacer: Pacer;

  constructor(options: ReadOptions, pacer: Pacer) {
    this.#options = options;
    this.#pacer = pacer;
  }

  /** Whether it reads anything at all. */
  get reads(): boolean {
    return this.#options.hash;
  }

  /** Puts a regular file's SHA-256 into its state, or the reason why there is none. */
  async addTo(state: FileState, place: Place): Promise<void> {
    if (state.type !== 'file') return;
    if (!this.#options.hash) {
      state.unhashed = 'skipped';
    } else if (state.size > this.#options.maxHashBytes) {
      state.unhashed = 'too-large';
    } else {
      await this.#read(state, place);
    }
  }

  async #read(state: FileState, place: Place): Promise<void> {
    try {
      using file = place.layer.root.openFile(place.path);
      if (file === null) {
        state.unhashed = 'vanished';
      } else if (file.status.size > this.#options.maxHashBytes) {
        state.unhashed = 'too-large';
      } else {
        state.sha256 = smallDigest(file) ?? (await this.#digest(file));
      }
    } catch (error) {
      if (this.#pacer.aborted) throw error;
      state.unhashed = 'unreadable';
    }
  }

  /** Digest of the first `size` bytes, in which holes are not read but counted as the zeros that they are. */
  async #digest(file: SafeFile): Promise<string> {
    const digest = createHash('sha256');
    const { size } = file.status;
    let at = 0;
    for (const range of dataRanges(file.descriptor, size)) {
      await this.#addZeros(digest, range.start - at);
      at = range.start;
      while (at < range.end) {
        const wanted = Math.min(buffer.length, range.end - at);
        const length = readSync(file.descriptor, buffer, 0, wanted, at);
        if (length === 0) return digest.digest('hex');
        digest.update(buffer.subarray(0, length));
        at += length;
        if (this.#pacer.due()) await this.#pacer.pause();
      }
    }
    await this.#addZeros(digest, size - at);
    return digest.digest('hex');
  }

  async #addZeros(digest: Hash, count: number): Promise<void> {
    for (let left = count; left > 0; left -= zeros.length) {
      digest.update(left < zeros.length ? zeros.subarray(0, left) : zeros);
      if (this.#pacer.due()) await this.#pacer.pause();
    }
  }
}

/** Digest of a file that fits into the buffer; null when it does not. */
function smallDigest(file: SafeFile): string | null {
  if (file.status.size > buffer.length) return null;
  let length = 0;
  while (length < file.status.size) {
    const read = readSync(file.descriptor, buffer, length, file.status.size - length, length);
    if (read === 0) break;
    length += read;
  }
  return hashOnce('sha256', buffer.subarray(0, length), 'hex');
}
