import { errnoName, native, nativeHot, syscallError } from './libc.ts';
import { NOT_THERE, terminated } from './openat2.ts';

const llistxattr = native('long llistxattr(void *path, void *list, size_t size)');
const lgetxattr = native('long lgetxattr(void *path, void *name, void *value, size_t size)');

const flistxattr = native('long flistxattr(int descriptor, void *list, size_t size)');

/** listxattrat(2) of Linux 6.13; the number is the same on every architecture. */
const SYS_LISTXATTRAT = 465;
const AT_SYMLINK_NOFOLLOW = 0x100;
const listxattrat = nativeHot(
  'int syscall(long number, int directory, uintptr_t path, unsigned int flags, void *list, size_t size)',
);
let hasListxattrat = true;

/** Both limits of the kernel (XATTR_LIST_MAX, XATTR_SIZE_MAX) are 64 KiB. */
const scratch = Buffer.alloc(65_536);

/** Path of a directory's entry that leads through our own descriptor; the l-calls do not follow its last part. */
function through(directory: number, name: Uint8Array): Buffer {
  const folder = `/proc/self/fd/${directory}/`;
  const path = Buffer.allocUnsafe(folder.length + name.length);
  path.write(folder, 'latin1');
  path.set(name, folder.length);
  return terminated(path);
}

/**
 * Names of an entry's extended attributes, of a link's own when it is one (llistxattr(2)); empty where the
 * filesystem has none or the entry is gone.
 *
 * @throws {PristineError} E_SYSCALL
 */
export function listXattrs(directory: number, name: Uint8Array): string[] {
  const length = llistxattr(through(directory, name), scratch, scratch.length);
  if (length < 0) {
    const error = errnoName();
    if (NONE.has(error) || NOT_THERE.has(error)) return [];
    throw syscallError('llistxattr', error);
  }
  if (length === 0) return [];
  return scratch.toString('latin1', 0, length - 1).split('\0');
}

/**
 * Names of an open file's or directory's extended attributes (flistxattr(2)): no path is walked.
 *
 * @throws {PristineError} E_SYSCALL
 */
export function listXattrsOf(descriptor: number): string[] {
  const length = flistxattr(descriptor, scratch, scratch.length);
  if (length > 0) return scratch.toString('latin1', 0, length - 1).split('\0');
  if (length === 0) return [];
  const error = errnoName();
  if (NONE.has(error)) return [];
  throw syscallError('flistxattr', error);
}

/**
 * The same for a name that lies at an address in memory, with its final NUL: several times as quick where the
 * kernel has listxattrat(2).
 *
 * @param bytes the name's bytes, asked for where the kernel does not have it
 */
export function listXattrsAtAddress(directory: number, name: number, bytes: () => Uint8Array): string[] {
  if (!hasListxattrat) return listXattrs(directory, bytes());
  const flags = AT_SYMLINK_NOFOLLOW;
  const length = listxattrat()(SYS_LISTXATTRAT, directory, name, flags, scratch, scratch.length);
  if (length === 0) return [];
  if (length > 0) return scratch.toString('latin1', 0, length - 1).split('\0');
  const error = errnoName();
  // An older kernel, or a filter that does not know the call yet and refuses it.
  if (error === 'ENOSYS' || error === 'EPERM') {
    hasListxattrat = false;
    return listXattrs(directory, bytes());
  }
  if (NONE.has(error) || NOT_THERE.has(error)) return [];
  throw syscallError('listxattrat', error);
}

/**
 * Value of one extended attribute of an entry, not following it (lgetxattr(2)); null when it has none.
 *
 * @throws {PristineError} E_SYSCALL
 */
export function getXattr(directory: number, name: Uint8Array, attribute: string): Buffer | null {
  const length = lgetxattr(
    through(directory, name),
    terminated(Buffer.from(attribute, 'latin1')),
    scratch,
    scratch.length,
  );
  if (length >= 0) return Buffer.from(scratch.subarray(0, length));
  const error = errnoName();
  if (NONE.has(error) || NOT_THERE.has(error)) return null;
  throw syscallError('lgetxattr', error);
}

const NONE: ReadonlySet<string> = new Set([
  'ENODATA',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EPERM',
  'EACCES',
  'ERANGE',
  'E2BIG',
]);
