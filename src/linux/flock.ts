import { setTimeout as delay } from 'node:timers/promises';
import { errnoName, native, syscallError } from './libc.ts';

const flock = native('int flock(int fd, int operation)');
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Locks an open file against every other process (flock(2)) without waiting. The kernel gives the lock back
 * when the file is closed or the process ends.
 *
 * @returns false when another open file has the lock
 * @throws {PristineError} E_SYSCALL
 */
export function tryLockFile(fd: number): boolean {
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const name = errnoName();
  if (name === 'EAGAIN' || name === 'EWOULDBLOCK') return false;
  throw syscallError('flock', name);
}

/**
 * Locks an open file, waiting until it is free; looks every few milliseconds, so that the event loop runs on.
 *
 * @returns false when it was not free within `timeoutMs` milliseconds
 */
export async function lockFile(fd: number, timeoutMs = Number.POSITIVE_INFINITY): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!tryLockFile(fd)) {
    if (performance.now() > deadline) return false;
    await delay(5);
  }
  return true;
}
