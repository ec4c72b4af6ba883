import { errnoName, native, syscallError } from './libc.ts';

const cPoll = native('int poll(void *fds, ulong count, int timeout)');
const cEventfd = native('int eventfd(uint initial, int flags)');
const cRead = native('long read(int fd, void *buffer, size_t count)');
const cWrite = native('long write(int fd, const void *buffer, size_t count)');
const cFcntl = native('int fcntl(int fd, int command, long argument)');
const cIoctl = native('int ioctl(int fd, ulong request, void *argument)');

const FIONREAD = 0x541b;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const POLLIN = 1;
const EFD_CLOEXEC_NONBLOCK = 0o2000000 | 0o4000;
const POLLFD_BYTES = 8;

/**
 * Waits until one of the descriptors can be read or has failed, blocking this thread (poll(2)).
 *
 * @param timeoutMs longest wait; 0 only looks
 * @returns whether each descriptor is ready, in the same order
 */
export function pollReadable(fds: readonly number[], timeoutMs: number): boolean[] {
  const list = Buffer.alloc(fds.length * POLLFD_BYTES);
  fds.forEach((fd, index) => {
    list.writeInt32LE(fd, index * POLLFD_BYTES);
    list.writeInt16LE(POLLIN, index * POLLFD_BYTES + 4);
  });
  if (cPoll(list, fds.length, timeoutMs) < 0 && errnoName() !== 'EINTR') throw syscallError('poll');
  return fds.map((_, index) => list.readInt16LE(index * POLLFD_BYTES + 6) !== 0);
}

/** A descriptor by which one thread wakes another from {@link pollReadable} (eventfd(2)); {@link closeDescriptor} ends it. */
export function openWakeFd(): number {
  const fd = cEventfd(0, EFD_CLOEXEC_NONBLOCK);
  if (fd < 0) throw syscallError('eventfd');
  return fd;
}

/** Makes the descriptor of {@link openWakeFd} readable. */
export function wake(fd: number): void {
  const one = Buffer.alloc(8);
  one.writeBigUInt64LE(1n);
  cWrite(fd, one, one.length);
}

/** Takes back every {@link wake} so far. */
export function clearWake(fd: number): void {
  cRead(fd, Buffer.alloc(8), 8);
}

/**
 * Reads what is there without waiting; the descriptor must be non-blocking.
 *
 * @returns number of bytes; 0 when there is nothing to read now
 */
export function readAvailable(fd: number, buffer: Uint8Array, call: string): number {
  const count = cRead(fd, buffer, buffer.length);
  if (count >= 0) return count;
  const name = errnoName();
  if (name === 'EAGAIN' || name === 'EINTR') return 0;
  throw syscallError(call, name);
}

/** Lets no read or write of the open file wait (O_NONBLOCK by fcntl(2)); whoever shares it is affected too. */
export function setNonBlocking(fd: number): void {
  const flags = cFcntl(fd, F_GETFL, 0);
  if (flags < 0 || cFcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) throw syscallError('fcntl(F_SETFL)');
}

/**
 * Reads what is there of a stream without waiting; the descriptor must be non-blocking.
 *
 * @returns number of bytes; 0 when there is nothing to read now; null when the other side has closed it
 */
export function readStream(fd: number, buffer: Uint8Array): number | null {
  const count = cRead(fd, buffer, buffer.length);
  if (count > 0) return count;
  if (count === 0) return null;
  const name = errnoName();
  if (name === 'EAGAIN' || name === 'EINTR') return 0;
  if (name === 'ECONNRESET') return null;
  throw syscallError('read', name);
}

/**
 * Writes as much as is taken without waiting; the descriptor must be non-blocking.
 *
 * @returns number of bytes; 0 when nothing is taken now; null when nobody will read it any more
 */
export function writeAvailable(fd: number, bytes: Uint8Array): number | null {
  const count = cWrite(fd, bytes, bytes.length);
  if (count >= 0) return count;
  const name = errnoName();
  if (name === 'EAGAIN' || name === 'EINTR') return 0;
  if (name === 'EPIPE' || name === 'ECONNRESET') return null;
  throw syscallError('write', name);
}

/** Number of bytes that could be read now (FIONREAD of ioctl(2)). */
export function readableBytes(fd: number): number {
  const count = Buffer.alloc(4);
  if (cIoctl(fd, FIONREAD, count) < 0) throw syscallError('ioctl(FIONREAD)');
  return count.readInt32LE(0);
}
