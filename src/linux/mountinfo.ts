import { readFileSync } from 'node:fs';

/** One line of mountinfo (proc_pid_mountinfo(5)). */
export interface MountPoint {
  readonly id: number;
  /** Device of the filesystem, as FileIdentity has it. */
  readonly device: number;
  /** Which directory or file of the filesystem is mounted. */
  readonly root: string;
  /** Where, as the process sees it; bytes as one character each. */
  readonly path: string;
  readonly readOnly: boolean;
  readonly noexec: boolean;
  readonly nosuid: boolean;
  readonly nodev: boolean;
  /** Whether mounts made below it appear in other mount namespaces too, and theirs here. */
  readonly shared: boolean;
  readonly type: string;
}

/** What is mounted in the mount namespace of a process and below its root. @throws Node's error when it is gone */
export function readMounts(process: number | 'self'): MountPoint[] {
  const text = readFileSync(`/proc/${process}/mountinfo`, 'latin1');
  const mounts: MountPoint[] = [];
  for (const line of text.split('\n')) {
    const [left = '', right = ''] = line.split(' - ', 2);
    const [id, , device = '', root = '', path, options = '', ...tags] = left.split(' ');
    if (path === undefined) continue;
    const flags = options.split(',');
    mounts.push({
      id: Number(id),
      device: deviceNumber(device),
      root: unescaped(root),
      path: unescaped(path),
      readOnly: flags.includes('ro'),
      noexec: flags.includes('noexec'),
      nosuid: flags.includes('nosuid'),
      nodev: flags.includes('nodev'),
      shared: tags.some((tag) => tag.startsWith('shared:')),
      type: right.split(' ', 1)[0] ?? '',
    });
  }
  return mounts;
}

function deviceNumber(text: string): number {
  const [major, minor] = text.split(':');
  return Number(major) * 0x10_0000 + Number(minor);
}

/** Blanks and the like are written as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
