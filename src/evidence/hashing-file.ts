import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { ByteSink } from './tar/writer.ts';

export interface WrittenFile {
  readonly size: number;
  readonly sha256: string;
}

/** A new file, mode 0600, that is hashed as it is written and is on disk once {@link finish} has resolved. */
export class HashingFile implements ByteSink, AsyncDisposable {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  /** Small writes are gathered here, as archives are full of them. */
  readonly #gathered = Buffer.alloc(256 << 10);
  #used = 0;
  #size = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @throws when the file exists already */
  static async create(path: string): Promise<HashingFile> {
    return new HashingFile(await open(path, 'wx', 0o600));
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
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    return { size: this.#size, sha256: this.#hash.digest('hex') };
  }

  async #flush(): Promise<void> {
    await this.#put(this.#gathered.subarray(0, this.#used));
    this.#used = 0;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close().catch(() => {});
  }
}
