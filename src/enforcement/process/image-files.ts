import { openSync, readSync, realpathSync } from 'node:fs';
import { decodePathBytes, encodePathBytes } from '../../kernel/index.ts';
import {
  closeDescriptor,
  FileIdentity,
  handleOfFd,
  hasXattr,
  O_PATH,
  openBeneath,
  openByHandle,
  pathOfFd,
} from '../../linux/index.ts';

/** `image`: as the image has it. `changed`: made from a file of the image by copy-up. `added`: anything else. */
export type Origin = 'image' | 'changed' | 'added';

/** The handle of overlayfs (struct ovl_fh of fs/overlayfs/overlayfs.h), after handle_bytes and handle_type. */
const OVERLAY_HANDLE_TYPE = 0xf8;
const MAGIC_AT = 12;
const LENGTH_AT = 13;
const FLAGS_AT = 14;
const REAL_TYPE_AT = 15;
const REAL_HANDLE_AT = 32;
/** struct ovl_fb up to the real handle. */
const HEADER_BYTES = 21;
const MAGIC = 0xfb;
const FLAG_UPPER = 0x04;

/** Comparing takes about a millisecond a MiB, in which nobody else is answered. */
const MAX_COMPARED_BYTES = 64 << 20;
/** Setuid and setgid. */
const SPECIAL_BITS = 0o6000;
const CAPABILITIES = 'security.capability';

/**
 * Tells whether an open file of one overlay is from its lower layers. Neither path nor inode number decides: a
 * bind mount fakes the one, and copy-up keeps the other. The overlay's file handle names the lower file, and only
 * a file that was never copied up has that file's times of birth and change, which nobody can set.
 */
export class ImageFiles {
  readonly #layers: readonly string[];
  /** A directory on each filesystem that holds layers. */
  readonly #backing: number[] = [];
  readonly #lower = new FileIdentity();

  /** @throws Node's error when a layer cannot be opened */
  constructor(layers: readonly string[]) {
    // As the kernel prints them.
    this.#layers = layers.map((layer) => realpathSync(layer));
    const devices = new Set<number>();
    try {
      for (const layer of layers) {
        const fd = openSync(layer, 'r');
        const { device } = this.#lower.read(fd);
        if (devices.has(device)) closeDescriptor(fd);
        else this.#backing.push(fd);
        devices.add(device);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * @param fd on the overlay itself: the caller has compared the device
   * @param identity of the same descriptor
   */
  originOf(fd: number, identity: FileIdentity): Origin {
    const lower = this.#openLower(fd);
    if (lower === null) return 'added';
    try {
      return this.#lower.read(lower).sameContentAs(identity) ? 'image' : 'changed';
    } finally {
      closeDescriptor(lower);
    }
  }

  /** Where the image has the file that a changed one was made from; null when that cannot be said. */
  imagePathOf(fd: number): string | null {
    const lower = this.#openLower(fd);
    if (lower === null) return null;
    try {
      return this.#inside(lower);
    } finally {
      closeDescriptor(lower);
    }
  }

  /**
   * Whether a changed file has the place and the bytes that it has in the image, and no right that it has not
   * there: an entrypoint's `chown -R` copies files up without changing what they are. To be asked under a lease.
   *
   * @param path of the file in the container
   * @param identity of the same descriptor
   */
  isUnchangedContent(fd: number, path: string, identity: FileIdentity): boolean {
    if (identity.size > MAX_COMPARED_BYTES) return false;
    const lower = this.#openLower(fd);
    if (lower === null) return false;
    try {
      const { size, mode } = this.#lower.read(lower);
      if (size !== identity.size || !this.#isAt(path, lower)) return false;
      if ((identity.mode & ~mode & SPECIAL_BITS) !== 0) return false;
      if (hasXattr(fd, CAPABILITIES) && !hasXattr(lower, CAPABILITIES)) return false;
      return sameBytes(fd, lower, size);
    } finally {
      closeDescriptor(lower);
    }
  }

  /** Whether the image has a lower file at this path; it may have it at others too, by hard links. */
  #isAt(path: string, lower: number): boolean {
    if (this.#inside(lower) === path) return true;
    const wanted = this.#lower.key;
    const below = encodePathBytes(path.slice(1));
    const found = new FileIdentity();
    for (const layer of this.#layers) {
      const folder = openSync(layer, O_PATH);
      try {
        const fd = openBeneath(folder, below, O_PATH);
        if (fd === null) continue;
        const { key } = found.read(fd);
        closeDescriptor(fd);
        return key === wanted;
      } finally {
        closeDescriptor(folder);
      }
    }
    return false;
  }

  /** The path of a lower file in the image. */
  #inside(lower: number): string | null {
    const path = decodePathBytes(pathOfFd(lower));
    const layer = this.#layers.find((folder) => path.startsWith(`${folder}/`));
    return layer === undefined ? null : path.slice(layer.length);
  }

  /** The lower file that an overlay's file is, or was copied up from, as a place only. */
  #openLower(fd: number): number | null {
    const handle = handleOfFd(fd, { identityOnly: true });
    if (handle.readInt32LE(4) !== OVERLAY_HANDLE_TYPE || handle[MAGIC_AT] !== MAGIC) return null;
    if (((handle[FLAGS_AT] ?? FLAG_UPPER) & FLAG_UPPER) !== 0) return null;
    const length = (handle[LENGTH_AT] ?? 0) - HEADER_BYTES;
    if (length <= 0 || REAL_HANDLE_AT + length > handle.length) return null;
    const real = Buffer.alloc(8 + length);
    real.writeUInt32LE(length, 0);
    real.writeInt32LE(handle[REAL_TYPE_AT] ?? 0, 4);
    handle.copy(real, 8, REAL_HANDLE_AT, REAL_HANDLE_AT + length);
    for (const backing of this.#backing) {
      const lower = openByHandle(backing, real);
      if (lower !== null) return lower;
    }
    return null;
  }

  close(): void {
    for (const fd of this.#backing.splice(0)) closeDescriptor(fd);
  }
}

const COMPARED_AT_A_TIME = 1 << 20;

/** Whether two files hold the same bytes. */
function sameBytes(fd: number, lower: number, size: number): boolean {
  const ours = Buffer.alloc(Math.min(size, COMPARED_AT_A_TIME));
  const theirs = Buffer.alloc(ours.length);
  // The lower file lies on the host's own filesystem: opening it asks nobody.
  const readable = openSync(`/proc/self/fd/${lower}`, 'r');
  try {
    for (let at = 0; at < size; ) {
      const count = readSync(fd, ours, 0, ours.length, at);
      if (count === 0 || readSync(readable, theirs, 0, count, at) !== count) return false;
      if (ours.compare(theirs, 0, count, 0, count) !== 0) return false;
      at += count;
    }
    return true;
  } finally {
    closeDescriptor(readable);
  }
}
