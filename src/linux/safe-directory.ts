import { closeSync, openSync, readlinkSync } from 'node:fs';
import { decodePathBytes, encodePathBytes, PristineError, systemErrorCode } from '../kernel/index.ts';
import { DirectoryEntries } from './directory-entries.ts';
import {
  closeDescriptor,
  O_DIRECTORY,
  O_NOATIME,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  openBeneath,
} from './openat2.ts';
import { type FileStatus, statAt, statDescriptor } from './statx.ts';
import { getXattr, listXattrs, listXattrsOf } from './xattr.ts';

/** A regular file, open for reading; its owner closes it with {@link SafeFile.close} or `using`. */
export interface SafeFile extends Disposable {
  readonly descriptor: number;
  readonly status: FileStatus;
  close(): void;
}

/**
 * An open directory whose content is hostile: everything below it is reached by openat2(2) without following
 * any link, and nothing is opened before it is known to be a regular file or a directory. Names and paths are
 * strings of `decodePathBytes`; paths are relative to the directory and may be longer than PATH_MAX.
 */
export class SafeDirectory implements Disposable {
  readonly descriptor: number;

  private constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /**
   * Opens a directory by a path of the host that is trusted, such as a layer's or `/proc/PID/root`; links in
   * that path are followed.
   *
   * @throws {NodeJS.ErrnoException} when it cannot be opened
   */
  static openTrusted(path: string): SafeDirectory {
    return new SafeDirectory(openSync(encodePathBytes(path), O_RDONLY | O_DIRECTORY));
  }

  /** Opens a directory below this one; null when there is none that is reached without following a link. */
  openDirectory(path: string): SafeDirectory | null {
    const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;
    const descriptor = openBeneath(this.descriptor, bytesOf(path), flags);
    return descriptor === null ? null : new SafeDirectory(descriptor);
  }

  /**
   * Opens a regular file below this directory for reading, without changing its access time; null when there
   * is none. A FIFO is not waited for and a device is not touched, as the file is named by O_PATH and looked
   * at before it is opened.
   *
   * @throws {NodeJS.ErrnoException} when it is a regular file but cannot be read
   */
  openFile(path: string): SafeFile | null {
    const named = openBeneath(this.descriptor, bytesOf(path), O_PATH | O_NOFOLLOW);
    if (named === null) return null;
    try {
      if (statDescriptor(named).type !== 'file') return null;
      // The descriptor's own link in /proc leads to this very inode, whatever has become of its name.
      const descriptor = openSync(`/proc/self/fd/${named}`, O_RDONLY | O_NONBLOCK | O_NOATIME);
      const close = () => closeSync(descriptor);
      return { descriptor, status: statDescriptor(descriptor), close, [Symbol.dispose]: close };
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return null;
      throw error;
    } finally {
      closeDescriptor(named);
    }
  }

  /** Names in this directory, without `.` and `..`, in the filesystem's order. */
  *names(): Generator<string> {
    using entries = this.entries();
    while (entries.next()) yield entries.name;
  }

  /** Entries of this directory with their attributes, one after the other. @param from see DirectoryEntries */
  entries(from?: bigint): DirectoryEntries {
    return new DirectoryEntries(this.descriptor, from);
  }

  /** Attributes of an entry, of the link itself when it is one; null when there is no such entry. */
  stat(name: string): FileStatus | null {
    return statAt(this.descriptor, nameBytes(name));
  }

  /** Attributes of this directory itself. */
  status(): FileStatus {
    return statDescriptor(this.descriptor);
  }

  /** Target of a symbolic link, as its bytes say; null when the entry is none. */
  readLink(name: string): string | null {
    const path = Buffer.concat([Buffer.from(`/proc/self/fd/${this.descriptor}/`), nameBytes(name)]);
    try {
      return decodePathBytes(readlinkSync(path, { encoding: 'buffer' }));
    } catch (error) {
      if (['EINVAL', 'ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return null;
      throw error;
    }
  }

  /** Names of an entry's extended attributes; `.` means the directory itself. */
  xattrNames(name: string): string[] {
    return name === '.' ? listXattrsOf(this.descriptor) : listXattrs(this.descriptor, nameBytes(name));
  }

  /** Value of an extended attribute of an entry; null when it has none. */
  xattr(name: string, attribute: string): Buffer | null {
    return getXattr(this.descriptor, nameBytes(name), attribute);
  }

  close(): void {
    closeSync(this.descriptor);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function bytesOf(path: string): Buffer {
  if (path === '') return Buffer.from('.');
  if (path.startsWith('/') || path.split('/').includes('..')) throw unsafe(path);
  return encodePathBytes(path);
}

function nameBytes(name: string): Buffer {
  if (name === '' || name === '..' || name.includes('/')) throw unsafe(name);
  return encodePathBytes(name);
}

function unsafe(path: string): PristineError {
  return new PristineError(
    'E_UNSAFE_PATH',
    `${JSON.stringify(path)} is no path below a container's directory`,
    {
      next: 'Give a path without ".." and links.',
    },
  );
}
