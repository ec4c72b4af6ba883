/**
 * fanotify(7) in its form for permission events: whoever opens or runs a file waits until it is answered. The
 * event carries a descriptor for the file itself, so that what is decided is about a file and not about a name.
 */
import { native, syscallError } from './libc.ts';
import { writeAll } from './write.ts';

const cInit = native('int fanotify_init(uint flags, uint eventFlags)');
const cMark = native('int fanotify_mark(int fd, uint flags, uint64_t mask, int dirfd, const char *path)');

const FAN_CLOEXEC = 0x1;
const FAN_NONBLOCK = 0x2;
const FAN_CLASS_CONTENT = 0x4;
const FAN_UNLIMITED_QUEUE = 0x10;
const FAN_UNLIMITED_MARKS = 0x20;
const FAN_REPORT_TID = 0x100;

const FAN_MARK_ADD = 0x1;
const FAN_MARK_REMOVE = 0x2;
const FAN_MARK_MOUNT = 0x10;
const FAN_MARK_IGNORED_MASK = 0x20;
const FAN_MARK_IGNORED_SURV_MODIFY = 0x40;
const FAN_MARK_FILESYSTEM = 0x100;

const FAN_ALLOW = 1;
const FAN_DENY = 2;

const O_RDONLY_CLOEXEC_NONBLOCK_LARGEFILE = 0o2000000 | 0o4000 | 0o100000;
const AT_FDCWD = -100;

/** Bits of {@link PermissionEvent.mask}, and what can be marked. */
export const PERMISSION = {
  OPEN: 0x10000,
  ACCESS: 0x20000,
  EXECUTE: 0x40000,
  /** Asks about directories too (FAN_ONDIR). */
  ON_DIRECTORIES: 0x40000000,
} as const;

export interface PermissionEvent {
  readonly mask: number;
  /** For the file, readable; negative when the kernel could not open it: then it has refused by itself. */
  readonly fd: number;
  /** The thread that waits, by its id in the host's namespace; 0 when it is not visible. */
  readonly thread: number;
}

/**
 * A non-blocking group whose events wait for an answer. While it is open, whoever waits waits; closing it lets
 * all go.
 *
 * @throws {PristineError} E_SYSCALL: EPERM without CAP_SYS_ADMIN
 */
export function openContentGroup(): number {
  const unlimited = FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS;
  const flags = FAN_CLOEXEC | FAN_NONBLOCK | FAN_CLASS_CONTENT | FAN_REPORT_TID | unlimited;
  const fd = cInit(flags, O_RDONLY_CLOEXEC_NONBLOCK_LARGEFILE);
  if (fd < 0) throw syscallError('fanotify_init(FAN_CLASS_CONTENT)');
  return fd;
}

export type MarkedObject = 'filesystem' | 'mount' | 'file';
const OBJECT_FLAG = { filesystem: FAN_MARK_FILESYSTEM, mount: FAN_MARK_MOUNT, file: 0 } as const;

/**
 * Has the group asked before the events of `mask` on what an open descriptor leads to: its file, the mount it
 * was opened through, or its whole filesystem. The descriptor may be one of O_PATH.
 */
export function addPermissionMark(group: number, object: MarkedObject, fd: number, mask: number): void {
  mark(group, FAN_MARK_ADD | OBJECT_FLAG[object], mask, fd);
}

export function removePermissionMark(group: number, object: MarkedObject, fd: number, mask: number): void {
  mark(group, FAN_MARK_REMOVE | OBJECT_FLAG[object], mask, fd);
}

/**
 * No longer asks about this one file. The kernel forgets it when the file is written by write(2) and the like,
 * but not when it is written through a mapping: only safe under a lease.
 */
export function ignoreFile(group: number, fd: number, mask: number): void {
  mark(group, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK, mask, fd);
}

/** As {@link ignoreFile}, whatever is written to the file. */
export function ignoreFileForGood(group: number, fd: number, mask: number): void {
  mark(group, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY, mask, fd);
}

/** Takes {@link ignoreFile} back; nothing happens when the kernel has done so already. */
export function askAboutFile(group: number, fd: number, mask: number): void {
  cMark(group, FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK, mask, AT_FDCWD, `/proc/self/fd/${fd}`);
}

function mark(group: number, flags: number, mask: number, fd: number): void {
  // The descriptor's own link in /proc, since fanotify_mark(2) refuses a descriptor of O_PATH.
  if (cMark(group, flags, mask, AT_FDCWD, `/proc/self/fd/${fd}`) < 0) throw syscallError('fanotify_mark');
}

const METADATA_BYTES = 24;
const METADATA_VERSION = 3;

/** The events in what read(2) gave of a group of {@link openContentGroup}. */
export function parsePermissionEvents(buffer: Buffer, length: number): PermissionEvent[] {
  const events: PermissionEvent[] = [];
  let at = 0;
  while (at + METADATA_BYTES <= length) {
    const size = buffer.readUInt32LE(at);
    if (size < METADATA_BYTES || at + size > length || buffer[at + 4] !== METADATA_VERSION) break;
    events.push({
      mask: buffer.readUInt32LE(at + 8),
      fd: buffer.readInt32LE(at + 16),
      thread: buffer.readInt32LE(at + 20),
    });
    at += size;
  }
  return events;
}

const response = Buffer.alloc(8);

/** Lets the waiting thread of an event go on, or fail with EPERM. */
export function answer(group: number, event: PermissionEvent, allow: boolean): void {
  response.writeInt32LE(event.fd, 0);
  response.writeUInt32LE(allow ? FAN_ALLOW : FAN_DENY, 4);
  // ENOENT: the thread was killed while it waited.
  writeAll(group, response, ['ENOENT']);
}
