import { native, syscallError } from './libc.ts';
import { readAvailable } from './poll.ts';

const cSigmask = native('int pthread_sigmask(int how, const void *set, void *old)');
const cSignalfd = native('int signalfd(int fd, const void *set, int flags)');

const SIG_BLOCK = 0;
const SFD_CLOEXEC_NONBLOCK = 0o2000000 | 0o4000;
/** sigset_t of glibc and musl. */
const SET_BYTES = 128;
/** struct signalfd_siginfo. */
const INFO_BYTES = 128;

export interface ReceivedSignal {
  readonly signal: number;
  /** The descriptor that it is about, for signals of fcntl(2). */
  readonly fd: number;
}

/** Blocks signals for the calling thread and has them read from the descriptor that is returned (signalfd(2)). */
export function openSignalFd(signals: readonly number[]): number {
  const set = Buffer.alloc(SET_BYTES);
  for (const signal of signals) {
    const at = (signal - 1) >> 3;
    set[at] = (set[at] ?? 0) | (1 << ((signal - 1) & 7));
  }
  if (cSigmask(SIG_BLOCK, set, null) !== 0) throw syscallError('pthread_sigmask');
  const fd = cSignalfd(-1, set, SFD_CLOEXEC_NONBLOCK);
  if (fd < 0) throw syscallError('signalfd');
  return fd;
}

const buffer = Buffer.alloc(INFO_BYTES * 64);

/** The signals that wait, at most 64. */
export function readSignals(fd: number): ReceivedSignal[] {
  const length = readAvailable(fd, buffer, 'read(signalfd)');
  const signals: ReceivedSignal[] = [];
  for (let at = 0; at + INFO_BYTES <= length; at += INFO_BYTES) {
    signals.push({ signal: buffer.readUInt32LE(at), fd: buffer.readInt32LE(at + 20) });
  }
  return signals;
}
