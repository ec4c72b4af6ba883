import { openSync, readlinkSync } from 'node:fs';
import { decodePathBytes } from '../../kernel/index.ts';
import { closeDescriptor, FileIdentity, O_PATH } from '../../linux/index.ts';
import type { Guarded } from './guarded.ts';

/** What a thread runs. */
export interface Program {
  /** In the container. */
  readonly path: string;
  /** Another one for every other file, and for a file whose attributes were changed. */
  readonly version: string;
}

/** Programs of which the name in the image is remembered. */
const MAX_NAMES = 1024;

/**
 * Which program a thread runs. Its path alone does not say: a hard link gives an interpreter another name, and its
 * scripts would pass for data. So a program that was copied up goes by the name that the image has for it.
 */
export class Programs {
  readonly #identity = new FileIdentity();
  readonly #names = new Map<string, string | null>();

  /** @returns null when the thread is gone */
  of(thread: number, guarded: Guarded): Program | null {
    try {
      const link = `/proc/${thread}/exe`;
      const fd = openSync(link, O_PATH);
      try {
        const name = this.#nameInImage(fd, guarded);
        const path = name ?? decodePathBytes(readlinkSync(link, 'buffer'));
        return { path, version: this.#identity.version };
      } finally {
        closeDescriptor(fd);
      }
    } catch {
      return null;
    }
  }

  #nameInImage(fd: number, { target, overlay, images }: Guarded): string | null {
    const { device, version } = this.#identity.read(fd);
    if (device !== overlay?.device) return null;
    const key = target.id + version;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = images.originOf(fd, this.#identity) === 'changed' ? images.imagePathOf(fd) : null;
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    this.#names.set(key, name);
    return name;
  }
}
