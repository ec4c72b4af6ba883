import { stat } from 'node:fs/promises';
import type { LinkedFile } from '../proc/regular-file.ts';
import type { CaptureContext } from './context.ts';

const LARGEST_FILE = 256 << 20;
const LARGEST_TOTAL = 2 * 1024 ** 3;
/** Holes cost the container nothing, so that it can have as many as it likes to keep us reading. */
const MOST_HOLES = 64 << 20;
const MOST_HASHED = 4 * 1024 ** 3;

/** What became of a file: hashed, and where its content is in the bundle when it was kept. */
export interface KeptFile {
  readonly size: number;
  readonly sha256?: string;
  readonly item?: string;
}

/** Hashes files behind links of /proc, each once, and copies those that are wanted into the bundle. */
export class FileKeeper {
  readonly #context: CaptureContext;
  readonly #digests = new Map<string, string>();
  readonly #items = new Set<string>();
  #total = 0;
  #hashed = 0;
  #rootDevice: number | undefined;

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  /**
   * @param folder where in the bundle to keep the content; null to hash it only
   * @param title what the file is, for people
   */
  async keep(file: LinkedFile, folder: string | null, title: string): Promise<KeptFile> {
    const { omissions, signal } = this.#context;
    const { size } = file;
    if (size > LARGEST_FILE) {
      if (folder !== null) omissions.add(`The ${title} has ${size} bytes, too many to keep.`);
      return { size };
    }
    if (file.holes > MOST_HOLES) {
      omissions.add(`The ${title} is neither kept nor hashed: ${file.holes} of its ${size} bytes are holes.`);
      return { size };
    }
    let sha256 = this.#digests.get(file.identity);
    if (sha256 === undefined) {
      this.#hashed += size;
      if (this.#hashed > MOST_HASHED) {
        omissions.add(`The ${title} is neither kept nor hashed: more than ${MOST_HASHED} bytes together.`);
        return { size };
      }
      sha256 = await file.digest(signal);
      this.#digests.set(file.identity, sha256);
    }
    if (folder === null) return { size, sha256 };
    const item = `${folder}/${sha256}`;
    if (!this.#items.has(item)) {
      if (this.#total + size > LARGEST_TOTAL) {
        omissions.add(`The ${title} is not kept: together such files have more than ${LARGEST_TOTAL} bytes.`);
        return { size, sha256 };
      }
      await this.#copy(file, item, title);
    }
    return { size, sha256, item: `items/${item}` };
  }

  /** Device number of the container's root filesystem, as `stat` has it. */
  async rootDevice(): Promise<number> {
    this.#rootDevice ??= (await stat(`/proc/${this.#context.target.pid}/root/`)).dev;
    return this.#rootDevice;
  }

  async #copy(file: LinkedFile, item: string, title: string): Promise<void> {
    const { builder, signal } = this.#context;
    const kind = { title: `The ${title}`, mediaType: 'application/octet-stream' };
    await builder.item(item, kind, (target) => file.copy(target, signal));
    this.#items.add(item);
    this.#total += file.size;
  }
}
