import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BundleFile, EvidenceItem } from '../../contract/index.ts';
import { syncFolder, writeNewFile } from '../durable.ts';
import { HashingFile, type WrittenFile } from '../hashing-file.ts';
import { linkOrCopy } from '../image/blob-store.ts';
import { sha256 } from '../seal/seal.ts';

/** What an item is, for people and for programs. */
export interface ItemKind {
  readonly title: string;
  readonly mediaType: string;
}

/**
 * Fills the folder of a bundle. Each item is there by its name in `items/` and, as OCI layouts want it, by its
 * digest in `blobs/sha256/`: one file with two names.
 */
export class BundleBuilder {
  readonly items: EvidenceItem[] = [];
  readonly #root: string;
  readonly #files = new Map<string, BundleFile>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Every file so far, sorted by path. */
  get files(): BundleFile[] {
    return [...this.#files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** An item that is written piece by piece. */
  async item(
    name: string,
    kind: ItemKind,
    write: (file: HashingFile) => Promise<void>,
  ): Promise<WrittenFile> {
    const path = `items/${name}`;
    await mkdir(dirname(join(this.#root, path)), { recursive: true, mode: 0o700 });
    await using file = await HashingFile.create(join(this.#root, path));
    await write(file);
    const written = await file.finish();
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
    await linkOrCopy(join(this.#root, blobPath(blob.sha256)), join(this.#root, path));
    await this.#register(path, kind, blob);
  }

  /** Content known by its digest alone. */
  async blob(content: string | Uint8Array): Promise<WrittenFile> {
    const written = { size: Buffer.byteLength(content), sha256: sha256(content) };
    const path = blobPath(written.sha256);
    if (this.#files.has(path)) return written;
    await mkdir(dirname(join(this.#root, path)), { recursive: true, mode: 0o700 });
    await writeNewFile(join(this.#root, path), content);
    this.#files.set(path, { path, ...written });
    return written;
  }

  /** A blob that lies outside the bundle, linked into it. */
  async blobFrom(file: string, { size, sha256 }: WrittenFile): Promise<void> {
    const path = blobPath(sha256);
    if (this.#files.has(path)) return;
    await linkOrCopy(file, join(this.#root, path));
    this.#files.set(path, { path, size, sha256 });
  }

  /** A file with a fixed name, such as `index.json`. */
  async file(path: string, content: string): Promise<void> {
    await writeNewFile(join(this.#root, path), content);
    this.#files.set(path, { path, size: Buffer.byteLength(content), sha256: sha256(content) });
  }

  /** Puts the folders' entries on disk. */
  async sync(): Promise<void> {
    const folders = new Set(['.', ...[...this.#files.keys()].map(dirname), 'blobs']);
    for (const folder of folders) await syncFolder(join(this.#root, folder));
  }

  async #register(path: string, kind: ItemKind, { size, sha256 }: WrittenFile): Promise<void> {
    this.items.push({ path, ...kind, size, sha256 });
    this.#files.set(path, { path, size, sha256 });
    await this.blobFrom(join(this.#root, path), { size, sha256 });
  }
}

export function blobPath(digest: string): string {
  return `blobs/sha256/${digest}`;
}
