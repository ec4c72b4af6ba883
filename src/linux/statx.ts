import type { FileType } from '../contract/index.ts';
import { errnoName, native, nativeHot, syscallError } from './libc.ts';
import { NOT_THERE, terminated } from './openat2.ts';

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
/** STATX_BASIC_STATS and STATX_BTIME. */
const WANTED = 0x7ff | 0x800;

/** What statx(2) says of a file; times as seconds since 1970 with nine decimals. */
export interface FileStatus {
  readonly type: FileType;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  readonly inode: bigint;
  /** The inode's number in decimal. */
  readonly inodeText: string;
  /** Device that holds the file, as `major:minor`. */
  readonly device: string;
  /** Device that a character or block device stands for. */
  readonly represents: { readonly major: number; readonly minor: number };
  /** Apparent size in bytes. */
  readonly size: number;
  /** Allocated bytes. */
  readonly allocated: number;
  readonly mtime: string;
  readonly ctime: string;
  /** Null where the filesystem keeps none. */
  readonly birth: string | null;
}

const statx = native('int statx(int directory, void *path, int flags, unsigned int mask, void *result)');
const statxByAddress = nativeHot(
  'int statx(int directory, uintptr_t path, int flags, unsigned int mask, void *result)',
);
const EMPTY = Buffer.alloc(1);
/** struct statx as 32-bit words: Node runs on little-endian machines only. */
const words = new Uint32Array(64);
const signed = new Int32Array(words.buffer);

/**
 * Attributes of a directory's entry, of the link itself when it is one (statx(2)).
 *
 * @param name bytes of one name, without a slash
 * @returns null when there is no such entry
 * @throws {PristineError} E_SYSCALL
 */
export function statAt(directory: number, name: Uint8Array): FileStatus | null {
  return answer(statx(directory, terminated(name), AT_SYMLINK_NOFOLLOW, WANTED, words));
}

/** The same for a name that lies at an address in memory, with its final NUL. */
export function statAtAddress(directory: number, name: number): FileStatus | null {
  return answer(statxByAddress()(directory, name, AT_SYMLINK_NOFOLLOW, WANTED, words));
}

/** Attributes of an open file. @throws {PristineError} E_SYSCALL */
export function statDescriptor(descriptor: number): FileStatus {
  if (statx(descriptor, EMPTY, AT_EMPTY_PATH, WANTED, words) !== 0) throw syscallError('statx');
  return new Status();
}

function answer(failed: number): FileStatus | null {
  if (failed === 0) return new Status();
  const error = errnoName();
  if (NOT_THERE.has(error)) return null;
  throw syscallError('statx', error);
}

const TWO_32 = 0x1_0000_0000;

/**
 * What {@link words} hold, as linux/stat.h lays it out. A scan asks for hundreds of thousands and needs a few
 * fields of most: only numbers are taken out at once, texts when they are asked for.
 */
class Status implements FileStatus {
  readonly type: FileType;
  readonly mode: number;
  readonly links = word(16);
  readonly uid = word(20);
  readonly gid = word(24);
  readonly size = word(44) * TWO_32 + word(40);
  readonly #blocks = word(52) * TWO_32 + word(48);
  readonly #inode = word(32);
  readonly #inodeHigh = word(36);
  readonly #hasBirth = (word(0) & 0x800) !== 0;
  readonly #birth = word(80);
  readonly #birthHigh = signedWord(84);
  readonly #birthNanoseconds = word(88);
  readonly #ctime = word(96);
  readonly #ctimeHigh = signedWord(100);
  readonly #ctimeNanoseconds = word(104);
  readonly #mtime = word(112);
  readonly #mtimeHigh = signedWord(116);
  readonly #mtimeNanoseconds = word(120);
  readonly #representsMajor = word(128);
  readonly #representsMinor = word(132);
  readonly #deviceMajor = word(136);
  readonly #deviceMinor = word(140);

  constructor() {
    const mode = word(28) & 0xffff;
    this.type = TYPES[mode >> 12] ?? 'file';
    this.mode = mode & 0o7777;
  }

  get allocated(): number {
    return this.#blocks * 512;
  }

  get inode(): bigint {
    return (BigInt(this.#inodeHigh) << 32n) | BigInt(this.#inode);
  }

  get inodeText(): string {
    return this.#inodeHigh === 0 ? String(this.#inode) : String(this.inode);
  }

  get birth(): string | null {
    return this.#hasBirth ? time(this.#birthHigh, this.#birth, this.#birthNanoseconds) : null;
  }

  get ctime(): string {
    return time(this.#ctimeHigh, this.#ctime, this.#ctimeNanoseconds);
  }

  get mtime(): string {
    return time(this.#mtimeHigh, this.#mtime, this.#mtimeNanoseconds);
  }

  get represents(): { readonly major: number; readonly minor: number } {
    return { major: this.#representsMajor, minor: this.#representsMinor };
  }

  get device(): string {
    return `${this.#deviceMajor}:${this.#deviceMinor}`;
  }
}

function word(offset: number): number {
  return words[offset >> 2] ?? 0;
}

function signedWord(offset: number): number {
  return signed[offset >> 2] ?? 0;
}

/** The last time that was written out: a new file's are often all the same, and those of its neighbours. */
const last = { high: 0, low: 0, nanoseconds: -1, text: '' };

function time(high: number, low: number, nanoseconds: number): string {
  if (last.low !== low || last.nanoseconds !== nanoseconds || last.high !== high) {
    last.text = timeText(high, low, nanoseconds);
    last.high = high;
    last.low = low;
    last.nanoseconds = nanoseconds;
  }
  return last.text;
}

function timeText(high: number, low: number, nanoseconds: number): string {
  // A number holds every time but those of a hostile far future or past, and is much quicker.
  const isNear = high >= -0x1fffff && high <= 0x1fffff;
  const seconds = isNear ? high * TWO_32 + low : (BigInt(high) << 32n) | BigInt(low);
  if (seconds >= 0 || nanoseconds === 0) return `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
  // The kernel counts nanoseconds upwards, also before 1970; a decimal fraction counts away from zero.
  const whole = typeof seconds === 'number' ? seconds + 1 : seconds + 1n;
  const fraction = String(1_000_000_000 - nanoseconds).padStart(9, '0');
  return `${whole === 0 ? '-0' : whole}.${fraction}`;
}

/** The file type bits of a mode (S_IFMT), shifted down. */
const TYPES: Record<number, FileType> = {
  1: 'fifo',
  2: 'char',
  4: 'dir',
  6: 'block',
  8: 'file',
  10: 'symlink',
  12: 'socket',
};
