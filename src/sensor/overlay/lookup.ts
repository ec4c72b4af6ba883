import { decodePathBytes } from '../../kernel/index.ts';
import type { FileStatus, SafeDirectory } from '../../linux/index.ts';
import { isMetacopy, isWhiteout, type MarkPrefix, opaqueMark, redirectMark } from './marks.ts';

/** One layer of an overlay, open. */
export interface Layer {
  readonly root: SafeDirectory;
  readonly isUpper: boolean;
}

/** Something of one layer, by its path relative to the layer's root (empty for the root). */
export interface Place {
  readonly layer: Layer;
  readonly path: string;
}

/** A directory of one layer that contributes to a merged directory. */
export interface DirectoryRef extends Place {
  /** It announces whiteouts by attribute. */
  readonly xwhiteouts: boolean;
}

export interface OpenDirectory {
  readonly ref: DirectoryRef;
  readonly directory: SafeDirectory;
}

/** What a name stands for in a merged directory. */
export interface Entry extends Place {
  readonly status: FileStatus;
  /** The open directory and the name there; good while the directory is open. */
  readonly directory: SafeDirectory;
  readonly name: string;
  readonly xattrNames: readonly string[];
  /** For a directory: those that are merged in it, topmost first. */
  readonly directories: readonly DirectoryRef[];
  /** Hides what lower layers have in it. */
  readonly opaque: boolean;
  /** Where a regular file's content lies: elsewhere than the entry when only attributes were copied up. */
  readonly content: Place;
}

/** The roots of the layers in order, topmost first, and the namespace of their marks. */
export interface Stack {
  readonly roots: readonly DirectoryRef[];
  readonly prefix: MarkPrefix;
}

export function rootOf(layer: Layer, prefix: MarkPrefix): DirectoryRef {
  const { xwhiteouts } = opaqueMark(layer.root, '.', layer.root.xattrNames('.'), prefix);
  return { layer, path: '', xwhiteouts };
}

/** Opens directories; those that are gone are left out. */
export function openAll(refs: readonly DirectoryRef[]): OpenDirectory[] {
  const open: OpenDirectory[] = [];
  try {
    for (const ref of refs) {
      const directory = ref.layer.root.openDirectory(ref.path);
      if (directory !== null) open.push({ ref, directory });
    }
    return open;
  } catch (error) {
    closeAll(open);
    throw error;
  }
}

/** What the container and the image merge at one path, open; directories of both are opened once. */
export interface OpenPair extends Disposable {
  readonly container: readonly OpenDirectory[];
  readonly image: readonly OpenDirectory[];
}

export function openPair(container: readonly DirectoryRef[], image: readonly DirectoryRef[]): OpenPair {
  const isShared = (ref: DirectoryRef) => container.some((other) => samePlace(ref, other));
  const all = openAll([...container, ...image.filter((ref) => !isShared(ref))]);
  const of = (refs: readonly DirectoryRef[]) =>
    refs.flatMap((ref) => all.filter((open) => samePlace(open.ref, ref)));
  return { container: of(container), image: of(image), [Symbol.dispose]: () => closeAll(all) };
}

export function closeAll(open: readonly OpenDirectory[]): void {
  for (const { directory } of open) directory.close();
}

/**
 * Looks a name up in a merged directory as overlayfs does: the topmost layer that has it decides, directories
 * merge down to an opaque one or to something that is none, a whiteout ends the search.
 *
 * @returns null when the merged directory has no such name
 */
export function lookup(stack: Stack, open: readonly OpenDirectory[], name: string): Entry | null {
  let top: Entry | null = null;
  let sought = name;
  for (const { ref, directory } of open) {
    const status = directory.stat(sought);
    if (status === null) continue;
    const path = join(ref.path, sought);
    let known: string[] | undefined;
    const here = sought;
    const names = () => {
      known ??= directory.xattrNames(here);
      return known;
    };
    if (isWhiteout(status, names, stack.prefix, ref.xwhiteouts)) break;
    if (top !== null && status.type !== top.status.type) break;

    const found = see(stack, directory, sought, { layer: ref.layer, path }, status, names());
    top = top === null ? found.entry : merge(top, found.entry);
    if (found.ends) break;
    if (found.redirect === null) continue;
    if (!found.redirect.startsWith('/')) {
      sought = found.redirect;
      continue;
    }
    const below = stack.roots.slice(stack.roots.findIndex(({ layer }) => layer === ref.layer) + 1);
    const lower = lookupPath({ ...stack, roots: below }, found.redirect.slice(1));
    return lower === null || lower.status.type !== top.status.type ? top : merge(top, lower);
  }
  return top;
}

/** What one layer has under a name, and whether the layers below have no say. */
function see(
  stack: Stack,
  directory: SafeDirectory,
  name: string,
  place: Place,
  status: FileStatus,
  xattrNames: string[],
): { entry: Entry; ends: boolean; redirect: string | null } {
  const { prefix } = stack;
  const isDirectory = status.type === 'dir';
  const mark = isDirectory
    ? opaqueMark(directory, name, xattrNames, prefix)
    : { opaque: false, xwhiteouts: false };
  const ends = isDirectory ? mark.opaque : !(status.type === 'file' && isMetacopy(xattrNames, prefix));
  const redirect = ends ? null : redirectMark(directory, name, xattrNames, prefix);
  const entry: Entry = {
    ...place,
    status,
    directory,
    name,
    xattrNames,
    directories: isDirectory ? [{ ...place, xwhiteouts: mark.xwhiteouts }] : [],
    opaque: mark.opaque,
    content: place,
  };
  return { entry, ends, redirect: redirect === null ? null : validRedirect(decodePathBytes(redirect)) };
}

/** A redirect is one name, or an absolute path; an image may hold anything else, which overlayfs refuses. */
function validRedirect(redirect: string): string | null {
  const names = redirect.startsWith('/') ? redirect.slice(1).split('/') : [redirect];
  if (!redirect.startsWith('/') && redirect.includes('/')) return null;
  return names.some((name) => name === '' || name === '.' || name === '..') ? null : redirect;
}

/** The upper entry with what a lower one adds: directories to merge, or the content of a file. */
function merge(top: Entry, lower: Entry): Entry {
  if (top.status.type === 'dir') return { ...top, directories: [...top.directories, ...lower.directories] };
  return { ...top, content: lower.content };
}

/**
 * Looks a path up from the root of a stack. The answer's `directory` is closed: use its status, places and
 * directories only.
 *
 * @param path relative; empty for the root
 */
export function lookupPath(stack: Stack, path: string): Entry | null {
  let refs: readonly DirectoryRef[] = stack.roots;
  let entry: Entry | null = null;
  for (const name of path === '' ? ['.'] : path.split('/')) {
    const open = openAll(refs);
    try {
      entry = lookup(stack, open, name);
    } finally {
      closeAll(open);
    }
    if (entry === null) return null;
    refs = entry.directories;
  }
  return entry;
}

function join(folder: string, name: string): string {
  if (name === '.') return folder;
  return folder === '' ? name : `${folder}/${name}`;
}

export function samePlace(a: Place, b: Place): boolean {
  return a.layer === b.layer && a.path === b.path;
}

/** Whether two lists name the same directories of the same layers. */
export function sameDirectories(a: readonly DirectoryRef[], b: readonly DirectoryRef[]): boolean {
  return (
    a.length === b.length &&
    a.every((ref, index) => {
      const other = b[index];
      return other !== undefined && samePlace(ref, other);
    })
  );
}
