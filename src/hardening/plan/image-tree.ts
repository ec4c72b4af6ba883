import { posix } from 'node:path';
import type { FileType, WatchTarget } from '../../contract/index.ts';
import { walkImage } from '../../sensor/index.ts';

export interface ImageEntry {
  /** Absolute. */
  readonly path: string;
  readonly type: FileType;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly size: number;
  /** Of a symbolic link. */
  readonly target: string | null;
}

/** What an image holds, as planning asks for it. */
export interface ImageTree {
  entry(path: string): ImageEntry | null;
  /** What lies directly in a folder. */
  list(path: string): readonly ImageEntry[];
  /** The path with all links in its folders followed, inside the image; what is not there is left as it is. */
  resolve(path: string): string;
}

/** As many links as Linux follows (path_resolution(7)). */
const MOST_LINKS = 40;
const ROOT: ImageEntry = { path: '/', type: 'dir', uid: 0, gid: 0, mode: 0o755, size: 0, target: null };

/** Reads the image of a container, from the layers below its own. @throws as `walkImage` */
export async function readImageTree(target: WatchTarget, signal?: AbortSignal): Promise<ImageTree> {
  const entries: ImageEntry[] = [];
  for await (const batch of walkImage(target, signal)) {
    for (const { path, status, target: link } of batch) {
      const { type, uid, gid, mode, size } = status;
      entries.push({ path, type, uid, gid, mode, size, target: link });
    }
  }
  return imageTree(entries);
}

export function imageTree(entries: readonly ImageEntry[]): ImageTree {
  const byPath = new Map<string, ImageEntry>([['/', ROOT]]);
  const children = new Map<string, ImageEntry[]>();
  for (const entry of entries) {
    byPath.set(entry.path, entry);
    const parent = posix.dirname(entry.path);
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [entry]);
    else siblings.push(entry);
  }
  return {
    entry: (path) => byPath.get(path) ?? null,
    list: (path) => children.get(path) ?? [],
    resolve: (path) => resolve(byPath, path),
  };
}

function resolve(entries: ReadonlyMap<string, ImageEntry>, path: string): string {
  let left = posix.normalize(path).split('/').filter(Boolean);
  let at = '';
  for (let links = 0; left.length > 0; ) {
    const [name = '', ...rest] = left;
    const next = name === '..' ? posix.dirname(at || '/') : `${at}/${name}`;
    const target = entries.get(next)?.target ?? null;
    // The last name is what is written: a link there is replaced or followed by whoever writes.
    if (target === null || rest.length === 0 || links++ >= MOST_LINKS) {
      at = next === '/' ? '' : next;
      left = rest;
      continue;
    }
    if (target.startsWith('/')) at = '';
    left = [...target.split('/').filter((part) => part !== '' && part !== '.'), ...rest];
  }
  return at === '' ? '/' : at;
}
