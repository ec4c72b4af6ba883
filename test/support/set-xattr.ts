import { native, syscallError } from '../../src/linux/libc.ts';

const lsetxattr = native(
  'int lsetxattr(const char *path, const char *name, void *value, size_t size, int flags)',
);

/** Sets an extended attribute, for what a test's container cannot do itself. */
export function setXattr(path: string, name: string, value: Buffer): void {
  if (lsetxattr(path, name, value, value.length, 0) !== 0) throw syscallError(`lsetxattr ${path} ${name}`);
}
