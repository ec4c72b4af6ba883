import { errnoName, native, syscallError } from './libc.ts';

/** The numbers are the same on every architecture. */
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;

const pidfdOpen = native('long syscall(long number, int pid, uint flags)');
const pidfdGetfd = native('long syscall(long number, int pidfd, int fd, uint flags)');

/**
 * A descriptor that stands for a process and never for a later one of the same pid (pidfd_open(2));
 * closeDescriptor ends it. Null when there is no such process.
 *
 * @throws {PristineError} E_SYSCALL
 */
export function openPidfd(pid: number): number | null {
  const pidfd = pidfdOpen(SYS_PIDFD_OPEN, pid, 0);
  if (pidfd >= 0) return pidfd;
  const error = errnoName();
  if (error === 'ESRCH') return null;
  throw syscallError('pidfd_open', error);
}

/**
 * The open file that another process has as `fd`, as a descriptor of this process (pidfd_getfd(2)): the two share
 * the file's position and flags. Closed by closeDescriptor; closed on exec.
 *
 * @returns null when the process has ended or has no such descriptor
 * @throws {PristineError} E_SYSCALL: EPERM without the right to trace the process
 */
export function duplicateFromProcess(pidfd: number, fd: number): number | null {
  const duplicate = pidfdGetfd(SYS_PIDFD_GETFD, pidfd, fd, 0);
  if (duplicate >= 0) return duplicate;
  const error = errnoName();
  if (error === 'ESRCH' || error === 'EBADF') return null;
  throw syscallError('pidfd_getfd', error);
}
