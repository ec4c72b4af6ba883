import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import type { FileIdentity } from '../../linux/index.ts';
import type { DriftedFile, Place } from '../verdict/access.ts';
import type { Writers } from './writers.ts';

const HEAD_BYTES = 64 << 10;
/** Hashing takes about 2 ms a MiB, in which nobody else is answered. */
const MAX_HASHED_BYTES = 32 << 20;
const headBuffer = Buffer.alloc(HEAD_BYTES);

export interface DriftedFileOptions {
  readonly fd: number;
  readonly path: string;
  readonly place: Place;
  readonly fromImage: boolean;
  readonly identity: FileIdentity;
  readonly writers: Writers;
  readonly writersKey: string;
  /** Whether the content is held still: nobody can write to it unnoticed. */
  readonly holdStill: () => boolean;
}

/** A file of an event that is not from the image, read through the event's own descriptor. */
export class EventFile implements DriftedFile {
  readonly path: string;
  readonly place: Place;
  readonly size: number;
  readonly fromImage: boolean;
  readonly #options: DriftedFileOptions;
  #head: Uint8Array | undefined;
  #asked = 0;
  #sha256: string | null | undefined;

  constructor(options: DriftedFileOptions) {
    this.path = options.path;
    this.place = options.place;
    this.size = options.identity.size;
    this.fromImage = options.fromImage;
    this.#options = options;
  }

  /** Valid until another file's is asked for. */
  head(most = HEAD_BYTES): Uint8Array {
    if (this.#head === undefined || (this.#head.length < most && this.#asked < most)) {
      this.#asked = Math.min(most, HEAD_BYTES);
      this.#head = headBuffer.subarray(0, readSync(this.#options.fd, headBuffer, 0, this.#asked, 0));
    }
    return this.#head.subarray(0, most);
  }

  sha256(): string | null {
    if (this.#sha256 === undefined) this.#sha256 = this.#hash();
    return this.#sha256;
  }

  writers(): readonly string[] | null {
    return this.#options.writers.programsOf(this.#options.writersKey);
  }

  #hash(): string | null {
    if (this.size > MAX_HASHED_BYTES || !this.#options.holdStill()) return null;
    const hash = createHash('sha256');
    const chunk = Buffer.alloc(Math.min(this.size, 1 << 20));
    for (let at = 0; at < this.size; ) {
      const count = readSync(this.#options.fd, chunk, 0, chunk.length, at);
      if (count === 0) return null;
      hash.update(chunk.subarray(0, count));
      at += count;
    }
    return hash.digest('hex');
  }
}
