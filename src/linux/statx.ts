import type { FileType } from '../contract/index.ts';
import { errnoName, native, syscallError } from './libc.ts';
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
const EMPTY = Buffer.alloc(1);
const result = Buffer.alloc(256);

/**
 * Attributes of a directory's entry, of the link itself when it is one (statx(2)).
 *
 * @param name bytes of one name, without a slash
 * @returns null when there is no such entry
 * @throws {PristineError} E_SYSCALL
 */
export function statAt(directory: number, name: Uint8Array): FileStatus | null {
  if (statx(directory, terminated(name), AT_SYMLINK_NOFOLLOW, WANTED, result) !== 0) {
    const error = errnoName();
    if (NOT_THERE.has(error)) return null;
    throw syscallError('statx', error);
  }
  return decode(result);
}

/** Attributes of an open file. @throws {PristineError} E_SYSCALL */
export function statDescriptor(descriptor: number): FileStatus {
  if (statx(descriptor, EMPTY, AT_EMPTY_PATH, WANTED, result) !== 0) throw syscallError('statx');
  return decode(result);
}

/** struct statx, as linux/stat.h lays it out. */
function decode(bytes: Buffer): FileStatus {
  const mode = bytes.readUInt16LE(28);
  const hasBirth = (bytes.readUInt32LE(0) & 0x800) !== 0;
  return {
    type: TYPES[mode >> 12] ?? 'file',
    mode: mode & 0o7777,
    links: bytes.readUInt32LE(16),
    uid: bytes.readUInt32LE(20),
    gid: bytes.readUInt32LE(24),
    inode: bytes.readBigUInt64LE(32),
    size: Number(bytes.readBigUInt64LE(40)),
    allocated: Number(bytes.readBigUInt64LE(48)) * 512,
    birth: hasBirth ? time(bytes, 80) : null,
    ctime: time(bytes, 96),
    mtime: time(bytes, 112),
    represents: { major: bytes.readUInt32LE(128), minor: bytes.readUInt32LE(132) },
    device: `${bytes.readUInt32LE(136)}:${bytes.readUInt32LE(140)}`,
  };
}

function time(bytes: Buffer, at: number): string {
  const high = bytes.readInt32LE(at + 4);
  // A number holds every time but those of a hostile far future or past, and is much quicker.
  const isNear = high >= -0x1fffff && high <= 0x1fffff;
  const seconds = isNear ? high * 0x1_0000_0000 + bytes.readUInt32LE(at) : bytes.readBigInt64LE(at);
  const nanoseconds = bytes.readUInt32LE(at + 8);
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
