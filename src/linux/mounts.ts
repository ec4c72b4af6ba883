import { errnoName, native, syscallError } from './libc.ts';
import { closeDescriptor, terminated } from './openat2.ts';

/** The numbers are the same on every architecture. */
const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_MOUNT_SETATTR = 442;

const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x20000;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
const MS_PRIVATE = 1n << 18n;

const MOUNT_ATTRIBUTES = { readOnly: 1n, nosuid: 2n, nodev: 4n, noexec: 8n } as const;

/** What a mount forbids, whatever its filesystem allows. */
export type MountFlag = keyof typeof MOUNT_ATTRIBUTES;

const unshare = native('int unshare(int flags)');
const setns = native('int setns(int fd, int type)');
const fchdir = native('int fchdir(int fd)');
const umount2 = native('int umount2(void *target, int flags)');
const openTree = native('long syscall(long number, int directory, const char *path, uint flags)');
const moveMount = native(
  'long syscall(long number, int from, const char *fromPath, int to, const char *toPath, uint flags)',
);
const mountSetattr = native(
  'long syscall(long number, int directory, const char *path, uint flags, void *attributes, size_t size)',
);

/**
 * Moves the calling thread into another mount namespace (setns(2)); its root and working directory are that
 * namespace's from now on, for good. Every path that the process still opens is then the other side's: what it
 * needs is to be open and loaded before.
 *
 * @param namespaceFd a descriptor of `/proc/PID/ns/mnt`
 * @throws {PristineError} E_SYSCALL, EPERM without CAP_SYS_ADMIN
 */
export function joinMountNamespace(namespaceFd: number): void {
  // The kernel refuses while root and working directory are shared with other threads.
  if (unshare(CLONE_FS) < 0) throw syscallError('unshare');
  if (setns(namespaceFd, CLONE_NEWNS) < 0) throw syscallError('setns');
}

/**
 * Sets and clears flags of the one mount that a descriptor lies on (mount_setattr(2), Linux 5.12).
 *
 * @throws {PristineError} E_SYSCALL: EBUSY when it shall be read-only and a file on it is open for writing
 */
export function setMountFlags(
  fd: number,
  change: { readonly set?: readonly MountFlag[]; readonly clear?: readonly MountFlag[] },
): void {
  setAttributes(fd, { ...change, recursive: false });
}

/**
 * Mounts a directory or file, with the mounts below it, once more over itself (open_tree(2), move_mount(2)). The new
 * mount is read-only or writable from its first moment, and private: nothing that happens below it reaches
 * another mount namespace.
 *
 * @param fd a descriptor of O_PATH
 * @throws {PristineError} E_SYSCALL
 */
export function bindOverItself(fd: number, access: 'read-only' | 'writable'): void {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
  const tree = openTree(SYS_OPEN_TREE, fd, '', flags);
  if (tree < 0) throw syscallError('open_tree');
  try {
    setAttributes(tree, { recursive: true, propagation: MS_PRIVATE });
    setMountFlags(tree, access === 'read-only' ? { set: ['readOnly'] } : { clear: ['readOnly'] });
    const how = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    if (moveMount(SYS_MOVE_MOUNT, tree, '', fd, '', how) < 0) throw syscallError('move_mount');
  } finally {
    closeDescriptor(tree);
  }
}

/**
 * Takes the topmost mount away from a name in a directory, with the mounts below it (umount2(2)). Files that are
 * open on it stay so. The working directory is the directory afterwards.
 *
 * @param name bytes of one name; a link is not followed
 * @throws {PristineError} E_SYSCALL
 */
export function unmountName(directory: number, name: Uint8Array): void {
  if (fchdir(directory) < 0) throw syscallError('fchdir');
  if (umount2(terminated(name), MNT_DETACH | UMOUNT_NOFOLLOW) < 0) throw syscallError('umount2');
}

function setAttributes(
  fd: number,
  change: {
    readonly set?: readonly MountFlag[];
    readonly clear?: readonly MountFlag[];
    readonly propagation?: bigint;
    readonly recursive: boolean;
  },
): void {
  // struct mount_attr: u64 attr_set, attr_clr, propagation, userns_fd.
  const attributes = Buffer.alloc(32);
  attributes.writeBigUInt64LE(bits(change.set ?? []), 0);
  attributes.writeBigUInt64LE(bits(change.clear ?? []), 8);
  attributes.writeBigUInt64LE(change.propagation ?? 0n, 16);
  const flags = AT_EMPTY_PATH | (change.recursive ? AT_RECURSIVE : 0);
  if (mountSetattr(SYS_MOUNT_SETATTR, fd, '', flags, attributes, attributes.length) < 0) {
    throw syscallError('mount_setattr', errnoName());
  }
}

function bits(flags: readonly MountFlag[]): bigint {
  return flags.reduce((sum, flag) => sum | MOUNT_ATTRIBUTES[flag], 0n);
}
