import { statfs } from 'node:fs/promises';
import { PristineError } from '../kernel/index.ts';

/** Bytes that are left free where the configuration says nothing: a twentieth of the disk, at most 1 GiB. */
const DEFAULT_PART = 20;
const DEFAULT_MOST = 1024 ** 3;
/** The disk is looked at again whenever so much was written since. */
const LOOK_EVERY = 8 << 20;

/**
 * Keeps what evidence writes from filling a disk: whoever is captured decides how much there is to write, and a
 * full disk stops more than evidence.
 */
export class SpaceGuard {
  readonly #folder: string;
  readonly #keepFree: number | undefined;
  #sinceLook = Number.POSITIVE_INFINITY;

  /**
   * @param folder any folder of the disk
   * @param keepFree bytes to leave free; a part of the disk when not given
   */
  constructor(folder: string, keepFree?: number) {
    this.#folder = folder;
    this.#keepFree = keepFree;
  }

  /** To be called before `bytes` are written. @throws {PristineError} E_DISK_FULL when they would leave too little free */
  async take(bytes: number): Promise<void> {
    this.#sinceLook += bytes;
    if (this.#sinceLook < LOOK_EVERY) return;
    this.#sinceLook = 0;
    await this.expect(bytes, 'the next piece');
  }

  /**
   * To be called before something large is begun.
   *
   * @param what is to be written, for people
   * @throws {PristineError} E_DISK_FULL when it would leave too little free
   */
  async expect(bytes: number, what: string): Promise<void> {
    const { room, keepFree } = await this.#look();
    if (bytes <= room) return;
    throw new PristineError(
      'E_DISK_FULL',
      `${what} needs ${bytes} bytes, and the disk of ${this.#folder} has ${Math.max(0, room)} to spare with ${keepFree} kept free; nothing was lost or destroyed`,
      {
        next: 'Make room there ("pristine evidence prune" removes old bundles), lower evidence.keepFree, or name another place with --state, and try again.',
      },
    );
  }

  /** Bytes that may still be written. */
  async room(): Promise<number> {
    return (await this.#look()).room;
  }

  async #look(): Promise<{ room: number; keepFree: number }> {
    const { bavail, blocks, bsize } = await statfs(this.#folder);
    const keepFree = this.#keepFree ?? Math.min(DEFAULT_MOST, Math.floor((blocks * bsize) / DEFAULT_PART));
    return { room: bavail * bsize - keepFree, keepFree };
  }
}
