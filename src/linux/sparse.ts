import { errnoName, native, syscallError } from './libc.ts';

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const lseek = native('long lseek(int descriptor, long offset, int whence)');

/** A stretch of a file that holds data: from `start` up to, not including, `end`, in bytes. */
interface DataRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The stretches of an open regular file below `size` that are not holes (lseek(2) with SEEK_DATA and
 * SEEK_HOLE). On a filesystem without support for holes the whole file is one stretch.
 *
 * @throws {PristineError} E_SYSCALL
 */
export function* dataRanges(descriptor: number, size: number): Generator<DataRange> {
  let at = 0;
  while (at < size) {
    const start = lseek(descriptor, at, SEEK_DATA);
    if (start < 0) {
      const error = errnoName();
      // No data after this offset.
      if (error === 'ENXIO') return;
      throw syscallError('lseek', error);
    }
    if (start >= size) return;
    const hole = lseek(descriptor, start, SEEK_HOLE);
    const end = hole < 0 ? size : Math.min(hole, size);
    yield { start, end };
    at = end;
  }
}
