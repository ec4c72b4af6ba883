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

/** The fields of a line of mountinfo; bytes as one character each, blanks and the like not escaped any more. */
export interface MountInfoLine {
  readonly id: number;
  readonly parent: number;
  /** `major:minor`. */
  readonly device: string;
  readonly root: string;
  readonly path: string;
  /** Of this mount. */
  readonly options: string;
  /** Such as `shared:1`. */
  readonly tags: readonly string[];
  readonly type: string;
  readonly source: string;
  /** Of the whole filesystem. */
  readonly superOptions: string;
}

/** Takes a mountinfo text apart that was read as one character a byte. */
export function mountInfoLines(text: string): MountInfoLine[] {
  return text.split('\n').flatMap((line) => {
    const [own = '', filesystem = ''] = line.split(' - ', 2);
    const [id, parent, device = '', root = '', path, options = '', ...tags] = own.split(' ');
    const [type = '', source = '', superOptions = ''] = filesystem.split(' ');
    if (path === undefined) return [];
    return {
      id: Number(id),
      parent: Number(parent),
      device,
      root: unescaped(root),
      path: unescaped(path),
      options,
      tags,
      type,
      source: unescaped(source),
      superOptions: unescaped(superOptions),
    };
  });
}

/** What is mounted in the mount namespace of a process and below its root. @throws Node's error when it is gone */
export function readMounts(process: number | 'self'): MountPoint[] {
  const text = readFileSync(`/proc/${process}/mountinfo`, 'latin1');
  return mountInfoLines(text).map(({ id, device, root, path, options, tags, type }) => {
    const flags = options.split(',');
    return {
      id,
      device: deviceNumber(device),
      root,
      path,
      readOnly: flags.includes('ro'),
      noexec: flags.includes('noexec'),
      nosuid: flags.includes('nosuid'),
      nodev: flags.includes('nodev'),
      shared: tags.some((tag) => tag.startsWith('shared:')),
      type,
    };
  });
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
