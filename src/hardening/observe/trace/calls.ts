/** System calls that a read-only filesystem refuses, and where their events hold what they name (ftrace's field names). */
export interface PathCall {
  /** Field with the pointer to the path; null: the call names an open file alone, by `directory`. */
  readonly path: string | null;
  /** Field with the descriptor that a relative path begins at; without one it begins at the working directory. */
  readonly directory?: string;
  /** In the kernel's words, which of these calls can write at all. */
  readonly filter?: string;
  /** It only asks whether it could write: no refused write, but its answer is the same. */
  readonly asks?: true;
  /** The pointer is to a socket address, whose path begins two bytes further. */
  readonly address?: true;
}

/** O_WRONLY, O_RDWR, O_CREAT, O_TRUNC: the same on x86 and ARM. */
const CAN_WRITE = 'flags & 0x243';

export const PATH_CALLS: Readonly<Record<string, PathCall>> = {
  open: { path: 'filename', filter: CAN_WRITE },
  openat: { path: 'filename', directory: 'dfd', filter: CAN_WRITE },
  openat2: { path: 'filename', directory: 'dfd' },
  creat: { path: 'pathname' },
  mkdir: { path: 'pathname' },
  mkdirat: { path: 'pathname', directory: 'dfd' },
  mknod: { path: 'filename' },
  mknodat: { path: 'filename', directory: 'dfd' },
  rmdir: { path: 'pathname' },
  unlink: { path: 'pathname' },
  unlinkat: { path: 'pathname', directory: 'dfd' },
  rename: { path: 'newname' },
  renameat: { path: 'newname', directory: 'newdfd' },
  renameat2: { path: 'newname', directory: 'newdfd' },
  link: { path: 'newname' },
  linkat: { path: 'newname', directory: 'newdfd' },
  symlink: { path: 'newname' },
  symlinkat: { path: 'newname', directory: 'newdfd' },
  truncate: { path: 'path' },
  chmod: { path: 'filename' },
  fchmod: { path: null, directory: 'fd' },
  fchmodat: { path: 'filename', directory: 'dfd' },
  fchmodat2: { path: 'filename', directory: 'dfd' },
  chown: { path: 'filename' },
  lchown: { path: 'filename' },
  fchown: { path: null, directory: 'fd' },
  fchownat: { path: 'filename', directory: 'dfd' },
  utime: { path: 'filename' },
  utimes: { path: 'filename' },
  futimesat: { path: 'filename', directory: 'dfd' },
  utimensat: { path: 'filename', directory: 'dfd' },
  setxattr: { path: 'pathname' },
  lsetxattr: { path: 'pathname' },
  removexattr: { path: 'pathname' },
  lremovexattr: { path: 'pathname' },
  access: { path: 'filename', filter: 'mode & 0x2', asks: true },
  faccessat: { path: 'filename', directory: 'dfd', filter: 'mode & 0x2', asks: true },
  faccessat2: { path: 'filename', directory: 'dfd', filter: 'mode & 0x2', asks: true },
  bind: { path: 'umyaddr', address: true },
};
