/** File leases (fcntl(2), F_SETLEASE): whoever opens a leased file for writing waits until the lease is given back. */
import { errnoName, native, syscallError } from './libc.ts';

const fcntl = native('int fcntl(int fd, int command, long argument)');
const fcntlPointer = native('int fcntl(int fd, int command, void *argument)');

const F_SETSIG = 10;
const F_SETOWN_EX = 15;
const F_SETLEASE = 1024;
const F_GETLEASE = 1025;
const F_RDLCK = 0;
const F_UNLCK = 2;
const F_OWNER_TID = 0;

const owner = Buffer.alloc(8);

/**
 * Takes a read lease on an open file. It fails while anybody has the file open for writing. When somebody wants
 * to write, `thread` gets `signal` (a real-time signal that must be blocked there) with the descriptor in si_fd.
 *
 * @param fd opened for reading alone
 * @returns false when it is not to be had: the file is open for writing, or its filesystem knows no leases
 */
export function takeReadLease(fd: number, thread: number, signal: number): boolean {
  owner.writeInt32LE(F_OWNER_TID, 0);
  owner.writeInt32LE(thread, 4);
  // First who is told and how: a lease that breaks before that would end the process by SIGIO.
  if (fcntlPointer(fd, F_SETOWN_EX, owner) < 0) throw syscallError('fcntl(F_SETOWN_EX)');
  if (fcntl(fd, F_SETSIG, signal) < 0) throw syscallError('fcntl(F_SETSIG)');
  if (fcntl(fd, F_SETLEASE, F_RDLCK) >= 0) return true;
  const name = errnoName();
  if (name === 'EAGAIN' || name === 'EINVAL' || name === 'ENOMEM' || name === 'ENOLCK') return false;
  throw syscallError('fcntl(F_SETLEASE)', name);
}

/** Gives a lease back; whoever waits to write goes on. */
export function dropLease(fd: number): void {
  fcntl(fd, F_SETLEASE, F_UNLCK);
}

/** Whether somebody waits for the lease to be given back. */
export function leaseIsBreaking(fd: number): boolean {
  return fcntl(fd, F_GETLEASE, 0) === F_UNLCK;
}
