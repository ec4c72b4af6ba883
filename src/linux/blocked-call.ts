import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const O_WRONLY = 1;
/** Where each system call that opens a file has its flags; the number of `creat` implies them. */
const FLAGS_ARGUMENT: Readonly<Record<string, number>> =
  process.arch === 'x64' ? { 2: 1, 257: 2, 304: 2 } : { 56: 2, 265: 2 };
const EXECUTES: ReadonlySet<string> = new Set(
  process.arch === 'x64' ? ['59', '322', '520', '545'] : ['221', '281'],
);
const CREAT = process.arch === 'x64' ? '85' : null;

/** The system call in which a thread is held. */
export interface BlockedCall {
  /** Flags of open(2); null when it is another call, or one whose flags lie in memory that can change (openat2). */
  readonly openFlags: number | null;
  /** execve(2) or execveat(2): the file is opened by the kernel, to be run. */
  readonly executes: boolean;
  /** Where the program goes on: the address after the system call's instruction. */
  readonly instruction: number;
}

/**
 * What a thread asked of the kernel, while it is held there (proc_pid_syscall(5)): the registers of the call
 * cannot change until it returns.
 *
 * @returns null when the thread is gone or is no thread of a program (a worker of io_uring)
 */
export function blockedCall(thread: number): BlockedCall | null {
  const fields = readOnce(`/proc/${thread}/syscall`).trim().split(' ');
  if (fields.length !== 9) return null;
  const [number = ''] = fields;
  const instruction = Number(fields[8]);
  const executes = EXECUTES.has(number);
  if (number === CREAT) return { openFlags: O_WRONLY, executes, instruction };
  const argument = FLAGS_ARGUMENT[number];
  const value = argument === undefined ? undefined : fields[argument + 1];
  // The C library passes an int; what lies above 32 bits the kernel does not look at.
  const openFlags = value === undefined ? null : Number(BigInt.asUintN(32, BigInt(value)));
  return { openFlags, executes, instruction };
}

const buffer = Buffer.alloc(512);

/** A line of /proc by one read(2): readFileSync needs five system calls. Empty when it cannot be read. */
function readOnce(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, null));
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}

/** The file that a process has mapped at an address (proc_pid_maps(5)); null when there is none. */
export function mappedFileAt(pid: number, address: number): string | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/maps`, 'latin1');
  } catch {
    return null;
  }
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const stop = end === -1 ? text.length : end;
    const dash = text.indexOf('-', at);
    const space = text.indexOf(' ', dash);
    if (Number.parseInt(text.slice(dash + 1, space), 16) > address) {
      if (Number.parseInt(text.slice(at, dash), 16) > address) return null;
      const path = text.indexOf('/', space);
      // The device and inode before a path hold no slash.
      return path === -1 || path > stop ? null : text.slice(path, stop);
    }
    at = stop + 1;
  }
  return null;
}
