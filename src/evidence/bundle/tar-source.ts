import type { FileHandle } from 'node:fs/promises';
import type { VerifyProblem } from '../../contract/index.ts';
import { decodePathBytes, messageOf } from '../../kernel/index.ts';
import { BLOCK, encodeHeader, padding } from '../tar/header.ts';
import { type BundleEntry, type BundleSource, MOST_ENTRIES } from './entries.ts';
import { handleReader } from './handle-reader.ts';

/**
 * Lists an exported bundle. Accepts only what the export writes, byte for byte: files, and hard links to files
 * before them, so that no bit of the archive is without meaning.
 */
export async function tarEntries(file: FileHandle, size: number): Promise<BundleSource> {
  const reader = new StrictReader(file, size);
  try {
    await reader.readAll();
  } catch (error) {
    reader.problems.push({ subject: reader.subject, problem: 'malformed', detail: messageOf(error) });
  }
  const { entries, problems } = reader;
  return { entries, directories: [], problems, [Symbol.asyncDispose]: () => file.close() };
}

class StrictReader {
  readonly entries = new Map<string, BundleEntry>();
  readonly problems: VerifyProblem[] = [];
  /** What is being read, for error messages. */
  subject = 'archive';
  readonly #file: FileHandle;
  readonly #size: number;
  #at = 0;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  async readAll(): Promise<void> {
    for (;;) {
      const block = await this.#take(BLOCK);
      if (block.every((byte) => byte === 0)) return this.#end();
      await this.#entry(block);
      if (this.entries.size > MOST_ENTRIES) throw new Error('more files than a bundle has');
    }
  }

  async #end(): Promise<void> {
    this.subject = 'archive';
    const last = await this.#take(BLOCK);
    if (!last.every((byte) => byte === 0)) throw new Error('does not end with two empty blocks');
    if (this.#at !== this.#size) throw new Error(`${this.#size - this.#at} bytes after its end`);
  }

  async #entry(first: Buffer): Promise<void> {
    const raw = [first];
    let realSize: number | undefined;
    if (first[156] === PAX) {
      const body = await this.#take(octal(first, 124, 12), LONGEST_PAX);
      const rest = await this.#take(padding(body.length).length);
      const size = /^\d+ size=(\d{1,16})\n$/.exec(body.toString('latin1'))?.[1];
      if (size === undefined) throw new Error('unknown extended header');
      realSize = Number(size);
      raw.push(body, rest);
    }
    const main = realSize === undefined ? first : await this.#take(BLOCK);
    if (realSize !== undefined) raw.push(main);
    const path = text(main, 0);
    this.subject = decodePathBytes(path);
    const hardlink = main[156] === HARDLINK;
    const header = {
      path,
      type: hardlink ? ('hardlink' as const) : ('file' as const),
      ...{ mode: 0o600, uid: 0, gid: 0, size: realSize ?? octal(main, 124, 12) },
      mtime: `${octal(main, 136, 12)}.000000000`,
      ...(hardlink && { target: text(main, 157) }),
    };
    if (!encodeHeader(header).equals(Buffer.concat(raw)))
      throw new Error('header is not as the export writes it');
    if (this.entries.has(this.subject)) throw new Error('is in the archive twice');
    if (hardlink) this.#link(decodePathBytes(text(main, 157)));
    else await this.#data(header.size);
  }

  #link(target: string): void {
    const entry = this.entries.get(target);
    if (entry === undefined) throw new Error('is a link to a file that is not before it');
    this.entries.set(this.subject, { ...entry, path: this.subject });
  }

  async #data(size: number): Promise<void> {
    const start = this.#at;
    if (start + size > this.#size) throw new Error('the archive ends in the middle of it');
    this.#at += size;
    const rest = await this.#take(padding(size).length);
    if (!rest.every((byte) => byte === 0)) throw new Error('padding is not empty');
    const file = this.#file;
    this.entries.set(this.subject, {
      path: this.subject,
      size,
      identity: String(start),
      sparse: false,
      async open() {
        const read = handleReader(file);
        return {
          read: (offset, length) => read(start + offset, Math.max(0, Math.min(length, size - offset))),
          async [Symbol.asyncDispose]() {},
        };
      },
    });
  }

  async #take(length: number, limit = BLOCK): Promise<Buffer> {
    if (length > limit || this.#at + length > this.#size) throw new Error('the archive ends too early');
    const bytes = Buffer.alloc(length);
    if (length > 0) await this.#file.read(bytes, 0, length, this.#at);
    this.#at += length;
    return bytes;
  }
}

const PAX = 'x'.charCodeAt(0);
const HARDLINK = '1'.charCodeAt(0);
const LONGEST_PAX = 64;

function octal(block: Buffer, offset: number, width: number): number {
  const digits = block.toString('latin1', offset, offset + width - 1);
  if (!/^[0-7]+$/.test(digits)) throw new Error('header is not as the export writes it');
  return Number.parseInt(digits, 8);
}

function text(block: Buffer, offset: number): Buffer {
  const end = block.indexOf(0, offset);
  return block.subarray(offset, Math.min(end === -1 ? offset + 100 : end, offset + 100));
}
