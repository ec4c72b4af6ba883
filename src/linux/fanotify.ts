/** fanotify(7) in its form for filesystem events: events name directory, entry and file by handle. */
import { native, syscallError } from './libc.ts';

const cInit = native('int fanotify_init(uint flags, uint eventFlags)');
const cMark = native('int fanotify_mark(int fd, uint flags, uint64_t mask, int dirfd, const char *path)');

const FAN_CLOEXEC = 0x1;
const FAN_NONBLOCK = 0x2;
const FAN_UNLIMITED_QUEUE = 0x10;
const FAN_UNLIMITED_MARKS = 0x20;
const FAN_REPORT_FID = 0x200;
const FAN_REPORT_DIR_FID = 0x400;
const FAN_REPORT_NAME = 0x800;
const FAN_REPORT_TARGET_FID = 0x1000;
const FAN_CLASS_CONTENT = 0x4;
const FAN_OPEN_EXEC_PERM = 0x40000;

const FAN_MARK_ADD = 0x1;
const FAN_MARK_REMOVE = 0x2;
const FAN_MARK_FILESYSTEM = 0x100;

/** Bits of {@link FilesystemEvent.mask}. */
export const FAN = {
  MODIFY: 0x2,
  ATTRIB: 0x4,
  CLOSE_WRITE: 0x8,
  CREATE: 0x100,
  DELETE: 0x200,
  Q_OVERFLOW: 0x4000,
  RENAME: 0x10000000,
  ONDIR: 0x40000000,
} as const;

const CHANGES = FAN.MODIFY | FAN.ATTRIB | FAN.CLOSE_WRITE | FAN.CREATE | FAN.DELETE | FAN.RENAME | FAN.ONDIR;

/** A name in a directory, as an event holds it. The buffers are views that live until the next read. */
export interface EntryRecord {
  /** Filesystem id and directory handle in one piece: a key that is unique on this host. */
  readonly key: string;
  /** 8 bytes, see filesystemId. */
  readonly fsid: Buffer;
  /** The directory, for openByHandle. */
  readonly handle: Buffer;
  /** `.` when the event is about the directory itself; empty in a record of a file alone. */
  readonly name: Buffer;
}

export interface FilesystemEvent {
  readonly mask: number;
  /** Thread group id of the process that did it, in the host's namespace; 0 when it is not visible. */
  readonly pid: number;
  /** Directory and name; for a rename the old ones. */
  readonly entry: EntryRecord | null;
  /** Directory and name after a rename. */
  readonly renamedTo: EntryRecord | null;
  /** The file itself. */
  readonly file: EntryRecord | null;
}

/**
 * A non-blocking group that reports changes by name, with a queue that the kernel does not bound.
 *
 * @throws {PristineError} E_SYSCALL: EPERM without CAP_SYS_ADMIN, EINVAL before Linux 5.17
 */
export function openChangeGroup(): number {
  const names = FAN_REPORT_FID | FAN_REPORT_DIR_FID | FAN_REPORT_NAME | FAN_REPORT_TARGET_FID;
  const fd = cInit(FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS | names, 0);
  if (fd < 0) throw syscallError('fanotify_init');
  return fd;
}

/** A group that can be asked before a file is opened or run; while it is open, whoever waits for an answer waits. */
export function openPermissionGroup(): number {
  const fd = cInit(FAN_CLOEXEC | FAN_NONBLOCK | FAN_CLASS_CONTENT, 0);
  if (fd < 0) throw syscallError('fanotify_init(FAN_CLASS_CONTENT)');
  return fd;
}

/** Reports every change on the whole filesystem that `fd` lies on. */
export function markFilesystem(group: number, fd: number): void {
  if (cMark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, CHANGES, fd, null) < 0) {
    throw syscallError('fanotify_mark');
  }
}

/** Takes back {@link markFilesystem}. */
export function unmarkFilesystem(group: number, fd: number): void {
  if (cMark(group, FAN_MARK_REMOVE | FAN_MARK_FILESYSTEM, CHANGES, fd, null) < 0) {
    throw syscallError('fanotify_mark(FAN_MARK_REMOVE)');
  }
}

/** Has a group of {@link openPermissionGroup} asked before this one file is run. */
export function markBeforeExecution(group: number, fd: number): void {
  if (cMark(group, FAN_MARK_ADD, FAN_OPEN_EXEC_PERM, fd, null) < 0) {
    throw syscallError('fanotify_mark(FAN_OPEN_EXEC_PERM)');
  }
}

const METADATA_BYTES = 24;
const METADATA_VERSION = 3;
/** Type, padding, length, filesystem id: what stands before the handle. */
const RECORD_HEADER_BYTES = 12;
const INFO = { FID: 1, DFID_NAME: 2, DFID: 3, OLD_DFID_NAME: 10, NEW_DFID_NAME: 12 } as const;

/** The events in what read(2) gave of a group of {@link openChangeGroup}. */
export function* parseEvents(buffer: Buffer, length: number): Generator<FilesystemEvent> {
  let at = 0;
  while (at + METADATA_BYTES <= length) {
    const size = buffer.readUInt32LE(at);
    if (size < METADATA_BYTES || at + size > length || buffer[at + 4] !== METADATA_VERSION) return;
    yield parseEvent(buffer, at, size);
    at += size;
  }
}

function parseEvent(buffer: Buffer, start: number, size: number): FilesystemEvent {
  let entry: EntryRecord | null = null;
  let renamedTo: EntryRecord | null = null;
  let file: EntryRecord | null = null;
  let at = start + buffer.readUInt16LE(start + 6);
  const end = start + size;
  while (at + RECORD_HEADER_BYTES + 8 <= end) {
    const type = buffer[at];
    const recordSize = buffer.readUInt16LE(at + 2);
    if (recordSize < RECORD_HEADER_BYTES + 8 || at + recordSize > end) break;
    if (type === INFO.FID) file = parseRecord(buffer, at, recordSize, false);
    else if (type === INFO.DFID) entry = parseRecord(buffer, at, recordSize, false);
    else if (type === INFO.DFID_NAME || type === INFO.OLD_DFID_NAME)
      entry = parseRecord(buffer, at, recordSize, true);
    else if (type === INFO.NEW_DFID_NAME) renamedTo = parseRecord(buffer, at, recordSize, true);
    at += recordSize;
  }
  const mask = buffer.readUInt32LE(start + 8);
  return { mask, pid: buffer.readInt32LE(start + 20), entry, renamedTo, file };
}

function parseRecord(buffer: Buffer, at: number, size: number, named: boolean): EntryRecord | null {
  const handleAt = at + RECORD_HEADER_BYTES;
  const nameAt = handleAt + 8 + buffer.readUInt32LE(handleAt);
  const end = at + size;
  if (nameAt > end) return null;
  const nul = named ? buffer.indexOf(0, nameAt) : nameAt;
  return {
    key: buffer.toString('latin1', at + 4, nameAt),
    fsid: buffer.subarray(at + 4, handleAt),
    handle: buffer.subarray(handleAt, nameAt),
    name: buffer.subarray(nameAt, nul === -1 || nul > end ? end : nul),
  };
}
