/** A directory tree as a tar archive, in the form of an OCI layer where it is an overlay's upper directory. */
import type { FileType } from '../../contract/index.ts';
import { encodePathBytes } from '../../kernel/index.ts';
import type { SafeDirectory } from '../../linux/index.ts';
import { MOST_HOLES } from '../image/loadable-layer.ts';
import { LITERAL_RECORD, type TarHeader, type TarType } from '../tar/header.ts';
import type { TarWriter } from '../tar/writer.ts';
import type { Entry, TreeOptions } from './entry.ts';
import { writeFileEntry } from './write-file.ts';

/**
 * Writes everything below `root`, parents before children, without following a link and without leaving the
 * root's filesystem. What tar cannot hold, or what vanishes meanwhile, becomes an omission.
 */
export async function writeTree(
  root: SafeDirectory,
  tar: TarWriter,
  options: TreeOptions,
): Promise<WrittenTree> {
  const walk = new TreeWriter(tar, options, root.status().device);
  const pending = [''];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    using directory = root.openDirectory(path);
    if (directory === null) walk.omit(path, 'vanished while it was read');
    // One by one: a directory can have more children than a call takes arguments.
    else for (const child of (await walk.directory(directory, path)).reverse()) pending.push(child);
  }
  return { unloadable: walk.unloadable };
}

export interface WrittenTree {
  /** Whether there is something in it that an engine must not get to load: see `writeLoadableLayer`. */
  readonly unloadable: boolean;
}

/**
 * Nothing is kept that lies deeper. Directories can be nested without end, and each has all names above it in its
 * header: some ten thousand of them would make an archive of a hundred gigabytes.
 */
const LONGEST_PATH = 32 << 10;

class TreeWriter {
  unloadable = false;
  readonly #tar: TarWriter;
  readonly #options: TreeOptions;
  readonly #device: string;
  /** First name of each file that has several, by inode; names that look like markers apart from all others. */
  readonly #links = { plain: new Map<bigint, Uint8Array>(), literal: new Map<bigint, Uint8Array>() };

  constructor(tar: TarWriter, options: TreeOptions, device: string) {
    this.#tar = tar;
    this.#options = options;
    this.#device = device;
  }

  omit(path: string, why: string): void {
    this.#options.omissions.add(`${this.#options.title}: /${path} ${why}.`);
  }

  /** Writes a directory and what it holds but for its directories, whose paths are the answer. */
  async directory(directory: SafeDirectory, path: string): Promise<string[]> {
    const status = directory.status();
    const own = { directory, name: '.', path: path === '' ? '.' : path, status };
    const attributes = directory.xattrNames('.');
    await this.#tar.entry(this.#header(own, 'dir', attributes));
    if (status.device !== this.#device) return [];
    const mayBeOpaque = this.#options.overlay && attributes.some((name) => OVERLAY_XATTR.test(name));
    if (mayBeOpaque && isOpaque(directory))
      await this.#marker(`${path === '' ? '' : `${path}/`}.wh..wh..opq`);
    return await this.#children(directory, path);
  }

  async #children(directory: SafeDirectory, parent: string): Promise<string[]> {
    const prefix = parent === '' ? '' : `${parent}/`;
    const directories: string[] = [];
    const names = [...directory.names()].sort();
    for (const name of names) {
      this.#options.signal?.throwIfAborted();
      const status = directory.stat(name);
      const path = prefix + name;
      if (status === null) this.omit(path, 'vanished while it was read');
      else if (path.length > LONGEST_PATH)
        this.omit(path.slice(0, 100), 'is the begin of paths too long to keep');
      else if (status.type === 'dir') directories.push(path);
      else await this.#write({ directory, name, path, status }, status.type);
    }
    return directories;
  }

  async #write(entry: Entry, type: Exclude<FileType, 'dir'>): Promise<void> {
    const { status, path } = entry;
    if (this.#options.overlay && isWhiteout(entry)) {
      const slash = path.lastIndexOf('/') + 1;
      await this.#marker(`${path.slice(0, slash)}.wh.${path.slice(slash)}`);
    } else if (type === 'socket') {
      this.omit(path, 'is a socket, which tar cannot hold');
    } else {
      const links = this.#looksLikeMarker(path) ? this.#links.literal : this.#links.plain;
      const first = status.links > 1 ? links.get(status.inode) : undefined;
      if (first !== undefined) {
        const records = this.#literal(path);
        await this.#tar.entry({ ...this.#header(entry, 'hardlink'), records, target: first });
      } else if ((await this.#writeOther(entry, type)) && status.links > 1) {
        links.set(status.inode, encodePathBytes(path));
      }
    }
  }

  async #writeOther(entry: Entry, type: 'file' | 'symlink' | 'fifo' | 'char' | 'block'): Promise<boolean> {
    const header = this.#header(entry, type);
    if (type === 'file') {
      const holes = await writeFileEntry(entry, header, this.#tar, this.#options);
      if (holes !== null && holes > MOST_HOLES) this.unloadable = true;
      return holes !== null;
    }
    if (type === 'symlink') {
      const target = entry.directory.readLink(entry.name);
      if (target === null) {
        this.omit(entry.path, 'vanished while it was read');
        return false;
      }
      await this.#tar.entry({ ...header, target: encodePathBytes(target) });
    } else if (type === 'fifo') await this.#tar.entry(header);
    else await this.#tar.entry({ ...header, device: entry.status.represents });
    return true;
  }

  #header(
    entry: Entry,
    type: TarType,
    attributes = entry.directory.xattrNames(entry.name),
  ): Omit<TarHeader, 'size'> {
    const { mode, uid, gid, mtime } = entry.status;
    const path = encodePathBytes(type === 'dir' ? `${entry.path}/` : entry.path);
    const records = [...this.#xattrs(entry, attributes), ...this.#literal(entry.path)];
    return { path, type, mode, uid, gid, mtime, records };
  }

  /** Whether readers of OCI layers would take a container's own name for a whiteout. */
  #looksLikeMarker(path: string): boolean {
    return this.#options.overlay && /(^|\/)\.wh\./.test(path);
  }

  #literal(path: string): [string, Uint8Array][] {
    if (!this.#looksLikeMarker(path)) return [];
    this.unloadable = true;
    return [[LITERAL_RECORD, Buffer.from('1')]];
  }

  #xattrs({ directory, name, path }: Entry, attributes: readonly string[]): [string, Uint8Array][] {
    const records: [string, Uint8Array][] = [];
    for (const attribute of attributes) {
      // Overlay's own are of no use in another mount; drift.json has what they said.
      if (OVERLAY_XATTR.test(attribute)) {
        if (PARTIAL.test(attribute))
          this.omit(path, `is stored in part (${attribute}); the rest is in the image`);
        continue;
      }
      const value = attribute.includes('=') ? null : directory.xattr(name, attribute);
      if (value === null) this.omit(path, `has the attribute ${attribute}, which could not be kept`);
      else records.push([`SCHILY.xattr.${attribute}`, value]);
    }
    return records;
  }

  async #marker(path: string): Promise<void> {
    const owner = { mode: 0o600, uid: 0, gid: 0, mtime: '0.000000000' };
    await this.#tar.entry({ path: encodePathBytes(path), type: 'file', ...owner });
  }
}

/** Prefixes of overlayfs (Documentation/filesystems/overlayfs.rst), also of mounts with `userxattr`. */
const OVERLAY_XATTR = /^(trusted|user)\.overlay\./;

/** With the options redirect_dir and metacopy, which engines leave off, an entry refers to a lower layer. */
const PARTIAL = /\.(redirect|metacopy)$/;

function isWhiteout({ directory, name, status }: Entry): boolean {
  if (status.type === 'char') return status.represents.major === 0 && status.represents.minor === 0;
  return status.type === 'file' && status.size === 0 && overlayXattr(directory, name, 'whiteout') !== null;
}

function isOpaque(directory: SafeDirectory): boolean {
  return overlayXattr(directory, '.', 'opaque')?.toString('latin1') === 'y';
}

function overlayXattr(directory: SafeDirectory, name: string, attribute: string): Buffer | null {
  return (
    directory.xattr(name, `trusted.overlay.${attribute}`) ??
    directory.xattr(name, `user.overlay.${attribute}`)
  );
}
