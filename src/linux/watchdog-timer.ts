import { constants } from 'node:os';
import { native, syscallError } from './libc.ts';

const timerCreate = native('int timer_create(int clock, void *event, void *timer)');
const timerSettime = native('int timer_settime(long timer, int flags, void *value, void *old)');
const timerDelete = native('int timer_delete(long timer)');

const CLOCK_MONOTONIC = 1;
const SIGEV_SIGNAL = 0;

export interface Watchdog {
  /** The process lives: the time begins anew. One system call. */
  beat(): void;
  /** Takes the timer away. */
  stop(): void;
}

/**
 * Has the kernel kill this process (SIGKILL) unless `beat` is called every `periodMs` milliseconds, also while it
 * is stopped by SIGSTOP or spins: a POSIX timer (timer_create(2)) needs nobody who runs.
 *
 * @throws {PristineError} E_SYSCALL
 */
export function startWatchdog(periodMs: number): Watchdog {
  // struct sigevent: value, int signo, int notify, then room for the rest.
  const event = Buffer.alloc(64);
  event.writeInt32LE(constants.signals.SIGKILL, 8);
  event.writeInt32LE(SIGEV_SIGNAL, 12);
  const id = Buffer.alloc(8);
  if (timerCreate(CLOCK_MONOTONIC, event, id) < 0) throw syscallError('timer_create');
  const timer = Number(id.readBigInt64LE());
  // struct itimerspec: interval (none: it fires once) and value, each as seconds and nanoseconds.
  const value = Buffer.alloc(32);
  value.writeBigInt64LE(BigInt(Math.floor(periodMs / 1000)), 16);
  value.writeBigInt64LE(BigInt(Math.round((periodMs % 1000) * 1e6)), 24);
  const beat = (): void => {
    if (timerSettime(timer, 0, value, null) < 0) throw syscallError('timer_settime');
  };
  beat();
  return { beat, stop: () => void timerDelete(timer) };
}
