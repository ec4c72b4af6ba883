import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { canonicalJson, systemErrorCode } from '../../kernel/index.ts';
import { SafeDirectory, type SafeFile } from '../../linux/index.ts';
import { descriptorSource } from '../layer/write-file.ts';
import type { Omissions } from '../omissions.ts';
import type { ByteSink } from '../tar/writer.ts';

const MOST_FILES = 50_000;
const MOST_HASHED_BYTES = 1024 ** 3;
const MOST_HOLES = 64 << 20;
const PIECE = 256 << 10;

/**
 * Lists files with type, owner, times and SHA-256, one JSON line each. Bounded in files and in bytes hashed:
 * a bind can be the whole of the host.
 */
export class TreeLister {
  files = 0;
  readonly #sink: ByteSink;
  readonly #omissions: Omissions;
  readonly #signal: AbortSignal | undefined;
  #hashedBytes = 0;

  constructor(sink: ByteSink, omissions: Omissions, signal: AbortSignal | undefined) {
    this.#sink = sink;
    this.#omissions = omissions;
    this.#signal = signal;
  }

  /** Lists what is mounted at an absolute path below a container's root. */
  async mount(root: SafeDirectory, path: string): Promise<void> {
    const relative = path.slice(1);
    using directory = root.openDirectory(relative);
    if (directory !== null) {
      await this.#tree(directory, path);
      return;
    }
    using parent = root.openDirectory(dirname(path).slice(1));
    if (parent !== null) await this.#entry(parent, relative.slice(relative.lastIndexOf('/') + 1), path);
  }

  /** Lists a mount's source on the host. */
  async source(source: string, path: string): Promise<void> {
    try {
      using directory = SafeDirectory.openTrusted(source);
      await this.#tree(directory, path);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOTDIR') {
        this.#omissions.add(`${path}: its source ${source} could not be read.`);
        return;
      }
      using parent = SafeDirectory.openTrusted(dirname(source));
      await this.#entry(parent, source.slice(source.lastIndexOf('/') + 1), path);
    }
  }

  async #tree(root: SafeDirectory, title: string): Promise<void> {
    const { device } = root.status();
    const pending = [''];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      using directory = root.openDirectory(path);
      if (directory === null || directory.status().device !== device) continue;
      for (const name of directory.names()) {
        if (this.files >= MOST_FILES) {
          this.#omissions.add(
            `${title}: only the first files are listed, ${MOST_FILES} of all mounts together.`,
          );
          return;
        }
        const inside = path === '' ? name : `${path}/${name}`;
        if (await this.#entry(directory, name, `${title}/${inside}`)) pending.push(inside);
      }
    }
  }

  /** @returns whether it is a directory */
  async #entry(directory: SafeDirectory, name: string, path: string): Promise<boolean> {
    this.#signal?.throwIfAborted();
    const status = directory.stat(name);
    if (status === null) return false;
    this.files++;
    const { type, mode, uid, gid, size, mtime, ctime } = status;
    const target = type === 'symlink' ? directory.readLink(name) : null;
    const sha256 = type === 'file' && size > 0 ? await this.#hash(directory, name) : null;
    const line = {
      path,
      type,
      mode,
      uid,
      gid,
      size,
      mtime,
      ctime,
      ...(target !== null && { target }),
      sha256,
    };
    await this.#sink.write(Buffer.from(`${canonicalJson(line)}\n`));
    return type === 'dir';
  }

  async #hash(directory: SafeDirectory, name: string): Promise<string | null> {
    let file: SafeFile | null;
    try {
      file = directory.openFile(name);
    } catch {
      return null;
    }
    if (file === null) return null;
    using opened = file;
    const { size, allocated } = opened.status;
    if (size - allocated > MOST_HOLES) {
      this.#omissions.add(`/${name} on a volume is not hashed: it has ${size - allocated} bytes of holes.`);
      return null;
    }
    if (this.#hashedBytes + size > MOST_HASHED_BYTES) {
      this.#omissions.add(
        `/${name} on a volume is not hashed: more than ${MOST_HASHED_BYTES} bytes together.`,
      );
      return null;
    }
    this.#hashedBytes += size;
    const source = descriptorSource(opened.descriptor, this.#signal);
    const hash = createHash('sha256');
    for (let at = 0; at < size; ) {
      const piece = await source.read(at, Math.min(PIECE, size - at));
      if (piece.length === 0) break;
      hash.update(piece);
      at += piece.length;
    }
    return hash.digest('hex');
  }
}
