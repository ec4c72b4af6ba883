import { decodePathBytes } from '../kernel/index.ts';
import { errnoName, libc, native, syscallError } from './libc.ts';
import { type FileStatus, statAtAddress } from './statx.ts';
import { listXattrsAtAddress } from './xattr.ts';

/** getdents64(2) has a number of its own on each architecture, and musl no function for it. */
const SYS_GETDENTS64 = process.arch === 'arm64' ? 61 : 217;
const PIECE_BYTES = 32 * 1024;

const getdents64 = native('long syscall(long number, int directory, void *entries, size_t size)');
const lseek = native('long lseek(int descriptor, int64_t offset, int whence)');

/** One buffer at an address that does not move. */
class Piece {
  readonly bytes = Buffer.alloc(PIECE_BYTES);
  readonly address = Number(libc().koffi.address(this.bytes));
}

/** Buffers that nobody uses just now. */
const spare: Piece[] = [];

/**
 * Goes through an open directory's entries, without `.` and `..`, in the filesystem's order. Read piece by
 * piece, so that a directory of millions of names never lies in memory whole; attributes are asked for by the
 * name as it lies in the piece, without a copy of it.
 */
export class DirectoryEntries implements Disposable {
  readonly #directory: number;
  readonly #piece = spare.pop() ?? new Piece();
  #length = 0;
  #next = 0;
  #nameStart = 0;
  #nameEnd = 0;

  /**
   * @param from where to begin: 0, or {@link position} of an earlier reader of the same directory
   * @throws {PristineError} E_SYSCALL
   */
  constructor(directory: number, from: bigint = 0n) {
    this.#directory = directory;
    if (lseek(directory, from, 0) < 0) throw syscallError('lseek');
  }

  /** Goes on to the next entry; false when there is none. @throws {PristineError} E_SYSCALL */
  next(): boolean {
    for (;;) {
      if (this.#next >= this.#length && !this.#read()) return false;
      // struct linux_dirent64: u64 inode, u64 offset, u16 length, u8 type, name with a final NUL.
      const { bytes } = this.#piece;
      const start = this.#next + 19;
      this.#next += bytes.readUInt16LE(this.#next + 16);
      this.#nameStart = start;
      this.#nameEnd = bytes.indexOf(0, start);
      const length = this.#nameEnd - start;
      const isDots = bytes[start] === DOT && (length === 1 || (length === 2 && bytes[start + 1] === DOT));
      if (!isDots) return true;
    }
  }

  /** Name of the entry, as decodePathBytes has it. */
  get name(): string {
    const { bytes } = this.#piece;
    for (let at = this.#nameStart; at < this.#nameEnd; at++) {
      if ((bytes[at] ?? 0) >= 0x80) return decodePathBytes(bytes.subarray(this.#nameStart, this.#nameEnd));
    }
    return bytes.toString('latin1', this.#nameStart, this.#nameEnd);
  }

  /** Where the entries after this one begin (`d_off`). */
  get position(): bigint {
    return this.#piece.bytes.readBigInt64LE(this.#nameStart - 11);
  }

  /** Attributes of the entry, of the link itself when it is one; null when it is gone. */
  stat(): FileStatus | null {
    return statAtAddress(this.#directory, this.#piece.address + this.#nameStart);
  }

  /** Names of the entry's extended attributes. */
  xattrNames(): string[] {
    const { bytes, address } = this.#piece;
    const name = () => bytes.subarray(this.#nameStart, this.#nameEnd);
    return listXattrsAtAddress(this.#directory, address + this.#nameStart, name);
  }

  [Symbol.dispose](): void {
    spare.push(this.#piece);
  }

  #read(): boolean {
    this.#next = 0;
    this.#length = getdents64(SYS_GETDENTS64, this.#directory, this.#piece.bytes, PIECE_BYTES);
    if (this.#length < 0) {
      const error = errnoName();
      // The directory was removed meanwhile: it has no names any more.
      if (error !== 'ENOENT') throw syscallError('getdents64', error);
      this.#length = 0;
    }
    return this.#length > 0;
  }
}

const DOT = 0x2e;
