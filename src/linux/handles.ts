import { readlinkSync } from 'node:fs';
import { errnoName, native, syscallError } from './libc.ts';
import { closeDescriptor, O_PATH } from './openat2.ts';

const cNameToHandleAt = native(
  'int name_to_handle_at(int dirfd, const char *path, void *handle, void *mountId, int flags)',
);
const cOpenByHandleAt = native('int open_by_handle_at(int mountFd, void *handle, int flags)');
const cGetxattr = native('long getxattr(const char *path, const char *name, void *value, size_t size)');
const cFstatfs = native('int fstatfs(int fd, void *buffer)');

const O_CLOEXEC = 0o2000000;
const AT_EMPTY_PATH = 0x1000;
const AT_HANDLE_FID = 0x200;
const MAX_HANDLE_BYTES = 128;
/** `f_fsid` in the struct statfs of 64-bit Linux. */
const FSID_OFFSET = 56;

/**
 * The file handle of an open file (name_to_handle_at(2)): `handle_bytes`, `handle_type`, then the handle.
 *
 * @param options.identityOnly a handle that names the file but cannot be opened (AT_HANDLE_FID, Linux 6.5),
 *   the only one that an overlay gives
 */
export function handleOfFd(fd: number, options: { identityOnly?: boolean } = {}): Buffer {
  const handle = Buffer.alloc(8 + MAX_HANDLE_BYTES);
  handle.writeUInt32LE(MAX_HANDLE_BYTES, 0);
  const flags = AT_EMPTY_PATH | (options.identityOnly ? AT_HANDLE_FID : 0);
  if (cNameToHandleAt(fd, '', handle, Buffer.alloc(8), flags) < 0) throw syscallError('name_to_handle_at');
  return handle.subarray(0, 8 + handle.readUInt32LE(0));
}

/**
 * Opens the file that a handle names, as a place only (O_PATH): no FIFO waits, no device wakes.
 *
 * @param mountFd a descriptor (not O_PATH) on the file's filesystem; paths are seen from its mount
 * @returns a descriptor to be closed with closeDescriptor, or null when the file is no longer there
 * @throws {PristineError} E_SYSCALL, EPERM without CAP_DAC_READ_SEARCH
 */
export function openByHandle(mountFd: number, handle: Uint8Array): number | null {
  const fd = cOpenByHandleAt(mountFd, handle, O_PATH | O_CLOEXEC);
  if (fd >= 0) return fd;
  const name = errnoName();
  if (name === 'ESTALE' || name === 'ENOENT') return null;
  throw syscallError('open_by_handle_at', name);
}

/** Where an open file lies now, as this process sees it; a deleted file's path ends in ` (deleted)`. */
export function pathOfFd(fd: number): Buffer {
  return readlinkSync(`/proc/self/fd/${fd}`, 'buffer');
}

/** Runs `use` with the descriptor of a handle and closes it after; null when the file is no longer there. */
export function withHandle<T>(mountFd: number, handle: Uint8Array, use: (fd: number) => T): T | null {
  const fd = openByHandle(mountFd, handle);
  if (fd === null) return null;
  try {
    return use(fd);
  } finally {
    closeDescriptor(fd);
  }
}

/** Whether a file that was opened as a place only has an extended attribute of that name. */
export function hasXattr(fd: number, name: string): boolean {
  // fgetxattr(2) refuses O_PATH; the descriptor's own link in /proc leads to the same inode, a symlink's too.
  return cGetxattr(`/proc/self/fd/${fd}`, name, null, 0) >= 0;
}

/** The filesystem's kind (`f_type` of statfs(2)), e.g. {@link OVERLAYFS}. */
export function filesystemType(fd: number): number {
  const buffer = Buffer.alloc(256);
  if (cFstatfs(fd, buffer) < 0) throw syscallError('fstatfs');
  return Number(buffer.readBigUInt64LE(0) & 0xffffffffn);
}

/** OVERLAYFS_SUPER_MAGIC of linux/magic.h. */
export const OVERLAYFS = 0x794c7630;

/** The filesystem's id (`f_fsid` of statfs(2)), as fanotify events name it: 8 bytes. */
export function filesystemId(fd: number): Buffer {
  const buffer = Buffer.alloc(256);
  if (cFstatfs(fd, buffer) < 0) throw syscallError('fstatfs');
  return buffer.subarray(FSID_OFFSET, FSID_OFFSET + 8);
}
