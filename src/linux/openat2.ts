import { constants } from 'node:fs';
import { errnoName, native, syscallError } from './libc.ts';

/** openat2(2); the number is the same on every architecture. */
const SYS_OPENAT2 = 437;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;
const RESOLVE_IN_ROOT = 0x10;
const O_CLOEXEC = 0o2000000;
/** Longest path that one call takes, without its final NUL (PATH_MAX). */
const LONGEST_PATH = 4095;
/** openat2 gives EAGAIN when a rename raced with it; a container can keep that up, so tries are bounded. */
const TRIES = 16;

/** open(2)'s flag for a descriptor that names a file without opening it: no FIFO waits, no device wakes. */
export const O_PATH = 0o10000000;
export const { O_DIRECTORY, O_NOATIME, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

const openat2 = native('long syscall(long number, int directory, void *path, void *how, size_t size)');

/**
 * Opens a path below a directory descriptor, following no link of any kind (openat2(2) with RESOLVE_BENEATH,
 * RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS). A path longer than PATH_MAX is walked piece by piece.
 *
 * @param path bytes of a relative path
 * @returns a descriptor, or null when nothing is there that can be reached without following a link
 * @throws {PristineError} E_SYSCALL with the error's name in `errno`
 */
export function openBeneath(directory: number, path: Uint8Array, flags: number): number | null {
  let at = directory;
  let rest = path;
  try {
    while (rest.length > LONGEST_PATH) {
      const cut = rest.lastIndexOf(SLASH, LONGEST_PATH);
      if (cut <= 0) return null;
      const next = openOnce(at, rest.subarray(0, cut), O_PATH | O_DIRECTORY);
      if (at !== directory) closeDescriptor(at);
      at = directory;
      if (next === null) return null;
      at = next;
      rest = rest.subarray(cut + 1);
    }
    return openOnce(at, rest, flags);
  } finally {
    if (at !== directory) closeDescriptor(at);
  }
}

const SLASH = 0x2f;
const close = native('int close(int descriptor)');

/** close(2), without an error when it was closed before. */
export function closeDescriptor(descriptor: number): void {
  close(descriptor);
}

/**
 * Opens a path as a process would whose root is the directory: links are followed, but never out of it
 * (openat2(2) with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS).
 *
 * @returns a descriptor, or null when nothing is there
 * @throws {PristineError} E_SYSCALL
 */
export function openInRoot(directory: number, path: Uint8Array, flags: number): number | null {
  return openOnce(directory, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

function openOnce(
  directory: number,
  path: Uint8Array,
  flags: number,
  resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
): number | null {
  // struct open_how: u64 flags, u64 mode, u64 resolve.
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt((flags | O_CLOEXEC) >>> 0), 0);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  const name = terminated(path);
  for (let tries = 0; ; tries++) {
    const descriptor = openat2(SYS_OPENAT2, directory, name, how, how.length);
    if (descriptor >= 0) return descriptor;
    const error = errnoName();
    if (error === 'EAGAIN' && tries < TRIES) continue;
    if (NOT_THERE.has(error)) return null;
    throw syscallError('openat2', error);
  }
}

/** Missing, below something that is no directory, a link where none may be, or over what names can be. */
export const NOT_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

/** Bytes with the NUL that C wants; a NUL inside would name something else. */
export function terminated(bytes: Uint8Array): Buffer {
  if (bytes.includes(0)) throw syscallError('a path with a NUL byte', 'EINVAL');
  const text = Buffer.allocUnsafe(bytes.length + 1);
  text.set(bytes);
  text[bytes.length] = 0;
  return text;
}
