import { errnoName, native, syscallError } from './libc.ts';

const statx = native(
  'int statx(int directory, const char *path, int flags, unsigned int mask, void *result)',
);

const AT_EMPTY_PATH = 0x1000;
/** STATX_BASIC_STATS, STATX_BTIME and STATX_MNT_ID (Linux 5.8). */
const WANTED = 0x7ff | 0x800 | 0x1000;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

/** What statx(2) says of an open file, left in the kernel's own form so that comparing costs next to nothing. */
export class FileIdentity {
  readonly #bytes = Buffer.alloc(256);

  /**
   * Reads it anew for another descriptor, also one of O_PATH.
   * @throws {PristineError} E_SYSCALL
   */
  read(fd: number): this {
    if (statx(fd, '', AT_EMPTY_PATH, WANTED, this.#bytes) !== 0) throw syscallError('statx', errnoName());
    return this;
  }

  get isRegular(): boolean {
    return (this.#bytes.readUInt16LE(28) & S_IFMT) === S_IFREG;
  }

  /** Permission bits with setuid, setgid and sticky. */
  get mode(): number {
    return this.#bytes.readUInt16LE(28) & 0o7777;
  }

  get size(): number {
    return Number(this.#bytes.readBigUInt64LE(40));
  }

  /** Device that holds the file, as one number. */
  get device(): number {
    return this.#bytes.readUInt32LE(136) * 0x10_0000 + this.#bytes.readUInt32LE(140);
  }

  get mountId(): number {
    return Number(this.#bytes.readBigUInt64LE(144));
  }

  /** Milliseconds since 1970; null where the filesystem keeps none. */
  get birthMs(): number | null {
    if ((this.#bytes.readUInt32LE(0) & 0x800) === 0) return null;
    return Number(this.#bytes.readBigInt64LE(80)) * 1000 + this.#bytes.readUInt32LE(88) / 1e6;
  }

  /**
   * The same for the same inode as long as it lives: its number and time of birth. Without the device, which an
   * overlay has anew with each mount.
   */
  get key(): string {
    return this.#bytes.toString('latin1', 32, 40) + this.#bytes.toString('latin1', 80, 92);
  }

  /** {@link key} with the time of the last change, which nobody in a container can set. */
  get version(): string {
    return this.key + this.#bytes.toString('latin1', 96, 108);
  }

  /** Whether the other has the same time of birth, time of change and size, and both have a time of birth. */
  sameContentAs(other: FileIdentity): boolean {
    const a = this.#bytes;
    const b = other.#bytes;
    return (
      (a.readUInt32LE(0) & b.readUInt32LE(0) & 0x800) !== 0 &&
      a.compare(b, 40, 48, 40, 48) === 0 &&
      a.compare(b, 80, 92, 80, 92) === 0 &&
      a.compare(b, 96, 108, 96, 108) === 0
    );
  }
}
