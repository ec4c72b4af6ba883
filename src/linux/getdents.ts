import { errnoName, native, syscallError } from './libc.ts';

/** getdents64(2) has a number of its own on each architecture, and musl no function for it. */
const SYS_GETDENTS64 = process.arch === 'arm64' ? 61 : 217;

const getdents64 = native('long syscall(long number, int directory, void *entries, size_t size)');
const lseek = native('long lseek(int descriptor, long offset, int whence)');

/**
 * Names in an open directory, without `.` and `..`, from its start, in the filesystem's order. Read piece
 * by piece, so that a directory of millions of names never lies in memory whole.
 *
 * @throws {PristineError} E_SYSCALL
 */
export function* readNames(directory: number): Generator<Buffer> {
  if (lseek(directory, 0, 0) !== 0) throw syscallError('lseek');
  const buffer = Buffer.alloc(32 * 1024);
  for (;;) {
    const length = getdents64(SYS_GETDENTS64, directory, buffer, buffer.length);
    if (length === 0) return;
    if (length < 0) {
      const error = errnoName();
      // The directory was removed meanwhile: it has no names any more.
      if (error === 'ENOENT') return;
      throw syscallError('getdents64', error);
    }
    yield* decode(buffer.subarray(0, length));
  }
}

/** struct linux_dirent64: u64 inode, u64 offset, u16 length, u8 type, name with a final NUL. */
function* decode(entries: Buffer): Generator<Buffer> {
  let at = 0;
  while (at < entries.length) {
    const length = entries.readUInt16LE(at + 16);
    const start = at + 19;
    const name = entries.subarray(start, entries.indexOf(0, start));
    at += length;
    if (name.length === 1 && name[0] === DOT) continue;
    if (name.length === 2 && name[0] === DOT && name[1] === DOT) continue;
    yield Buffer.from(name);
  }
}

const DOT = 0x2e;
