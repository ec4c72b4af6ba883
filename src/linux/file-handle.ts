import { native } from './libc.ts';
import { terminated } from './openat2.ts';

const nameToHandleAt = native(
  'int name_to_handle_at(int directory, void *path, void *handle, void *mount, int flags)',
);
/** MAX_HANDLE_SZ of linux/fcntl.h. */
const LARGEST = 128;

/**
 * The kernel's handle for a directory's entry, not following it (name_to_handle_at(2)), as text that is equal
 * for the same inode and no other of the filesystem; null where the filesystem gives none.
 */
export function fileHandle(directory: number, name: Uint8Array): string | null {
  // struct file_handle: u32 length, s32 type, bytes.
  const handle = Buffer.alloc(8 + LARGEST);
  handle.writeUInt32LE(LARGEST, 0);
  if (nameToHandleAt(directory, terminated(name), handle, Buffer.alloc(4), 0) !== 0) return null;
  const length = handle.readUInt32LE(0);
  return handleText(handle.readInt32LE(4), handle.subarray(8, 8 + length));
}

/** A handle's type and bytes as {@link fileHandle} writes them. */
export function handleText(type: number, bytes: Uint8Array): string {
  return `${type}:${Buffer.from(bytes).toString('hex')}`;
}
