import { errnoName, native, syscallError } from './libc.ts';

const cWrite = native('long write(int fd, const void *buffer, size_t count)');

/** One write(2) of a small message that the kernel takes whole. Errors that are named are no errors. */
export function writeAll(fd: number, bytes: Uint8Array, unless: readonly string[] = []): void {
  if (cWrite(fd, bytes, bytes.length) >= 0) return;
  const name = errnoName();
  if (!unless.includes(name)) throw syscallError('write', name);
}
