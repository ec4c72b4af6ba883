import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BundleFile, EvidenceItem } from '../../contract/index.ts';
import { syncFolder } from '../../linux/index.ts';
import { HashingFile, type WrittenFile } from '../hashing-file.ts';
import { linkOrCopy } from '../image/blob-store.ts';
import { sha256 } from '../seal/seal.ts';
import type { SpaceGuard } from '../space.ts';

/** What an item is, for people and for programs. */
export interface ItemKind {
  readonly title: string;
  readonly mediaType: string;
}

/** What the builders of one bundle have in common. */
interface Shared {
  readonly root: string;
  readonly space: SpaceGuard | undefined;
  readonly files: Map<string, BundleFile>;
  readonly folders: Map<string, Promise<unknown>>;
  /** When each blob is there, by its path. */
  readonly blobs: Map<string, Promise<unknown>>;
  /** Files that are written and not yet known to be on disk. */
  readonly unsettled: Promise<void>[];
}

/**
 * Fills the folder of a bundle. Each item is there by its name in `items/` and, as OCI layouts want it, by its
 * digest in `blobs/sha256/`: one file with two names. Everything is on disk once {@link sync} has resolved.
 */
export class BundleBuilder {
  readonly items: EvidenceItem[] = [];
  readonly #shared: Shared;

  private constructor(shared: Shared) {
    this.#shared = shared;
  }

  static create(root: string, space?: SpaceGuard): BundleBuilder {
    return new BundleBuilder({
      root,
      space,
      files: new Map(),
      folders: new Map(),
      blobs: new Map(),
      unsettled: [],
    });
  }

  /** A builder of the same bundle with a list of items of its own, for those who build at the same time. */
  part(): BundleBuilder {
    return new BundleBuilder(this.#shared);
  }

  /** Takes on the items of parts, in this order. */
  join(parts: readonly BundleBuilder[]): void {
    for (const { items } of parts) for (const item of items) this.items.push(item);
  }

  /** Every file so far, sorted by path. */
  get files(): BundleFile[] {
    return [...this.#shared.files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** An item that is written piece by piece. */
  async item(
    name: string,
    kind: ItemKind,
    write: (file: HashingFile) => Promise<void>,
  ): Promise<WrittenFile> {
    const path = `items/${name}`;
    const written = await this.#write(path, write);
    await this.#register(path, kind, written);
    return written;
  }

  /** An item whose content is at hand. */
  async content(name: string, kind: ItemKind, content: string | Uint8Array): Promise<WrittenFile> {
    return this.item(name, kind, (file) => file.write(Buffer.from(content)));
  }

  /** An item that is one of the blobs already. */
  async itemFromBlob(name: string, kind: ItemKind, blob: WrittenFile): Promise<void> {
    const path = `items/${name}`;
    await this.#folder(path);
    await linkOrCopy(this.#place(blobPath(blob.sha256)), this.#place(path));
    await this.#register(path, kind, blob);
  }

  /** Content known by its digest alone. */
  async blob(content: string | Uint8Array): Promise<WrittenFile> {
    const written = { size: Buffer.byteLength(content), sha256: sha256(content) };
    const path = blobPath(written.sha256);
    await this.#once(path, written, () => this.#write(path, (file) => file.write(Buffer.from(content))));
    return written;
  }

  /** A blob that lies outside the bundle, linked into it. */
  async blobFrom(file: string, written: WrittenFile): Promise<void> {
    const path = blobPath(written.sha256);
    await this.#once(path, written, async () => {
      await this.#folder(path);
      await linkOrCopy(file, this.#place(path));
    });
  }

  /** A file with a fixed name, such as `index.json`. */
  async file(path: string, content: string): Promise<void> {
    this.#enter(path, await this.#write(path, (file) => file.write(Buffer.from(content))));
  }

  /** Puts everything on disk: what the files hold first, then the names of them. */
  async sync(): Promise<void> {
    const { unsettled, files } = this.#shared;
    await Promise.all(unsettled.splice(0));
    const folders = new Set(['.', ...[...files.keys()].map(dirname), 'blobs']);
    await Promise.all([...folders].map((folder) => syncFolder(this.#place(folder))));
  }

  /** Resolves when no write to disk is under way any more, however it ended. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#shared.unsettled.splice(0));
  }

  async #write(path: string, write: (file: HashingFile) => Promise<void>): Promise<WrittenFile> {
    await this.#folder(path);
    await using file = await HashingFile.create(this.#place(path), this.#shared.space);
    await write(file);
    const { durable, ...written } = await file.end();
    this.#shared.unsettled.push(durable);
    return written;
  }

  async #register(path: string, kind: ItemKind, written: WrittenFile): Promise<void> {
    const { size, sha256: digest } = written;
    this.items.push({ path, ...kind, size, sha256: digest });
    this.#enter(path, written);
    await this.blobFrom(this.#place(path), written);
  }

  #enter(path: string, { size, sha256 }: WrittenFile): void {
    this.#shared.files.set(path, { path, size, sha256 });
  }

  /** Makes a blob, if nobody else does. */
  async #once(path: string, written: WrittenFile, make: () => Promise<unknown>): Promise<void> {
    const { blobs } = this.#shared;
    const made = blobs.get(path) ?? make();
    blobs.set(path, made);
    await made;
    this.#enter(path, written);
  }

  #folder(path: string): Promise<unknown> {
    const { folders } = this.#shared;
    const folder = this.#place(dirname(path));
    const made = folders.get(folder) ?? mkdir(folder, { recursive: true, mode: 0o700 });
    folders.set(folder, made);
    return made;
  }

  #place(path: string): string {
    return join(this.#shared.root, path);
  }
}

export function blobPath(digest: string): string {
  return `blobs/sha256/${digest}`;
}
