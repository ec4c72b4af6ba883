import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { SpaceGuard } from './space.ts';
import type { ByteSink } from './tar/writer.ts';

export interface WrittenFile {
  readonly size: number;
  readonly sha256: string;
}

/** A file whose bytes are all written, though maybe not yet on disk. */
export interface EndedFile extends WrittenFile {
  /** Resolves once the file is on disk, and closed; a rejection that nobody awaits does no harm. */
  readonly durable: Promise<void>;
}

/** Dirty pages of one file: more are put on disk meanwhile, so that the end need not wait for a gigabyte. */
const MOST_DIRTY = 64 << 20;

/** A new file, mode 0600, that is hashed as it is written and is on disk once {@link finish} has resolved. */
export class HashingFile implements ByteSink, AsyncDisposable {
  readonly #file: FileHandle;
  readonly #space: SpaceGuard | undefined;
  readonly #hash = createHash('sha256');
  /** Small writes are gathered here, as archives are full of them. */
  readonly #gathered = Buffer.allocUnsafe(256 << 10);
  #used = 0;
  #size = 0;
  #dirty = 0;
  #cleaning: Promise<unknown> = Promise.resolve();
  #ended = false;

  private constructor(file: FileHandle, space: SpaceGuard | undefined) {
    this.#file = file;
    this.#space = space;
  }

  /** @throws when the file exists already */
  static async create(path: string, space?: SpaceGuard): Promise<HashingFile> {
    return new HashingFile(await open(path, 'wx', 0o600), space);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length;
    if (this.#used + bytes.length > this.#gathered.length) await this.#flush();
    if (bytes.length > this.#gathered.length) await this.#put(bytes);
    else {
      this.#gathered.set(bytes, this.#used);
      this.#used += bytes.length;
    }
  }

  async finish(): Promise<WrittenFile> {
    const { durable, ...written } = await this.end();
    await durable;
    return written;
  }

  /** Ends the file; what is written elsewhere need not wait until this is on disk. */
  async end(): Promise<EndedFile> {
    await this.#flush();
    await this.#cleaning;
    this.#ended = true;
    const durable = this.#settle();
    durable.catch(() => {});
    return { size: this.#size, sha256: this.#hash.digest('hex'), durable };
  }

  async #settle(): Promise<void> {
    try {
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  async #flush(): Promise<void> {
    await this.#put(this.#gathered.subarray(0, this.#used));
    this.#used = 0;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    await this.#space?.take(bytes.length);
    // Written in a thread of its own while it is hashed here.
    const writing = this.#writeAll(bytes);
    this.#hash.update(bytes);
    await writing;
    this.#dirty += bytes.length;
    if (this.#dirty < MOST_DIRTY) return;
    this.#dirty = 0;
    await this.#cleaning;
    this.#cleaning = this.#file.datasync();
    this.#cleaning.catch(() => {});
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#cleaning.catch(() => {});
    await this.#file.close().catch(() => {});
  }
}
