import { openSync } from 'node:fs';
import { closeDescriptor, FileIdentity, handleOfFd, openByHandle } from '../../linux/index.ts';

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

/**
 * Tells whether an open file of one overlay is from its lower layers. Neither path nor inode number decides: a
 * bind mount fakes the one, and copy-up keeps the other. The overlay's file handle names the lower file, and only
 * a file that was never copied up has that file's times of birth and change, which nobody can set.
 */
export class ImageFiles {
  /** A directory on each filesystem that holds layers. */
  readonly #backing: number[] = [];
  readonly #lower = new FileIdentity();

  /** @throws Node's error when a layer cannot be opened */
  constructor(layers: readonly string[]) {
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
    const handle = handleOfFd(fd, { identityOnly: true });
    if (handle.readInt32LE(4) !== OVERLAY_HANDLE_TYPE || handle[MAGIC_AT] !== MAGIC) return 'added';
    if (((handle[FLAGS_AT] ?? FLAG_UPPER) & FLAG_UPPER) !== 0) return 'added';
    const length = (handle[LENGTH_AT] ?? 0) - HEADER_BYTES;
    if (length <= 0 || REAL_HANDLE_AT + length > handle.length) return 'added';
    const real = Buffer.alloc(8 + length);
    real.writeUInt32LE(length, 0);
    real.writeInt32LE(handle[REAL_TYPE_AT] ?? 0, 4);
    handle.copy(real, 8, REAL_HANDLE_AT, REAL_HANDLE_AT + length);
    for (const backing of this.#backing) {
      const lower = openByHandle(backing, real);
      if (lower === null) continue;
      const same = this.#lower.read(lower).sameContentAs(identity);
      closeDescriptor(lower);
      if (same) return 'image';
    }
    return 'changed';
  }

  close(): void {
    for (const fd of this.#backing.splice(0)) closeDescriptor(fd);
  }
}
