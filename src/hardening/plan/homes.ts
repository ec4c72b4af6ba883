import { posix } from 'node:path';
import type { WrittenPath } from '../../contract/index.ts';
import { isWithin } from '../../kernel/index.ts';
import type { ImageTree } from './image-tree.ts';
import type { PlanInput } from './input.ts';
import {
  isMountableName,
  isRuntimeFile,
  isSharedFolder,
  isShortLived,
  isSpareCache,
  isStatePlace,
  isUntouchable,
} from './places.ts';
import { foldersToKeep, hasStaticContent } from './static-content.ts';

/** A folder that has to be writable, or to be there. */
export interface Home {
  readonly path: string;
  readonly writes: readonly WrittenPath[];
  /** The image has something in it that is needed beside what is written. */
  readonly mixed: boolean;
  /** What is written there has to outlast the container. */
  readonly lasting: boolean;
}

export interface Homes {
  readonly homes: readonly Home[];
  /** Writes that no mount can allow. */
  readonly impossible: readonly WrittenPath[];
  /** Writes that a program does without. */
  readonly spared: readonly WrittenPath[];
}

/** More mounts side by side than that are one above them. */
const MOST_SIBLINGS = 8;

/** The narrowest folders that cover what was written, none of them needless beside another. */
export function findHomes(
  writes: readonly WrittenPath[],
  { image, persist, wide = false }: Pick<PlanInput, 'image' | 'persist' | 'wide'>,
): Homes {
  const counted = writes.filter((write) => !isSpareCache(write.path));
  const impossible: WrittenPath[] = [];
  const found = new Map<string, WrittenPath[]>();
  for (const write of counted) {
    const path = homeOf(write, image, wide);
    if (path === null) impossible.push(write);
    else add(found, path, [write]);
  }
  const remade = new Set(counted.filter(isRemade).map(({ path }) => path));
  const together = gatherSiblings(found, image, remade);
  const paths = [...found.keys()].sort();
  const homes: Home[] = [];
  for (const path of paths) {
    const below = paths.filter((other) => other !== path && isWithin(other, path));
    const own = found.get(path) ?? [];
    const mixed = together.has(path) || hasStaticContent(path, image, remade, below);
    const home = { path, writes: own, mixed, lasting: own.some((write) => lasts(write, persist)) };
    const above = homes.findLast((other) => isWithin(path, other.path));
    if (above === undefined || needsItsOwn(home, above, image, remade)) {
      homes.push(home);
      continue;
    }
    const lasting = above.lasting || home.lasting;
    homes[homes.indexOf(above)] = { ...above, writes: [...above.writes, ...own], lasting };
  }
  return {
    homes: withKeptFolders(homes, image, remade),
    impossible,
    spared: writes.filter(({ path }) => isSpareCache(path)),
  };
}

/** It was removed or replaced, so that what the image has there is not needed. */
function isRemade({ operations }: WrittenPath): boolean {
  return operations.some((operation) => ['create', 'delete', 'rename'].includes(operation));
}

/** The folder that must be writable for a write; null when no mount can be there. */
function homeOf(write: WrittenPath, image: ImageTree, wide: boolean): string | null {
  const { path, type, inImage } = write;
  const isFolder = type === 'directory' || image.entry(path)?.type === 'dir';
  const known = inImage || image.entry(path) !== null;
  // Only attributes: the folder itself. One that is removed or made is an entry of the folder above.
  if (isFolder && known && !isRemade(write) && isMountable(path)) return isUntouchable(path) ? null : path;
  // From the top: the first folder that the image does not have is the container's own.
  const names = path.split('/').filter(Boolean);
  let at = '';
  for (const [index, name] of names.entries()) {
    const next = `${at}/${name}`;
    const last = index === names.length - 1;
    if (!last && isMountableName(name) && image.entry(next)?.type === 'dir') {
      at = next;
      continue;
    }
    const parent = at === '' ? '/' : at;
    // A folder of its own can be mounted by itself, unless the one above is as good as empty.
    const ownFolder = (last ? isFolder && !known : true) && isMountableName(name);
    if (ownFolder && (isUntouchable(parent) || image.list(parent).length > 0))
      return isShortLived(parent) || (wide && !isUntouchable(parent)) ? parent : next;
    return isUntouchable(parent) ? null : parent;
  }
  return null;
}

function isMountable(path: string): boolean {
  return path.split('/').every(isMountableName);
}

/**
 * Puts folders of one program together where they are many, or where files may be renamed from one into the other:
 * that works within a mount only (rename(2), EXDEV).
 *
 * @returns those that were put in place of others, with what the image has in them
 */
function gatherSiblings(
  found: Map<string, WrittenPath[]>,
  image: ImageTree,
  remade: ReadonlySet<string>,
): ReadonlySet<string> {
  const together = new Set<string>();
  const groups = new Map<string, string[]>();
  for (const path of found.keys()) {
    const parent = posix.dirname(path);
    groups.set(parent, [...(groups.get(parent) ?? []), path]);
  }
  for (const [parent, paths] of groups) {
    const renaming = paths.filter((path) =>
      found.get(path)?.some(({ operations }) => operations.includes('rename')),
    );
    if (isSharedFolder(parent) || (paths.length <= MOST_SIBLINGS && renaming.length < 2)) continue;
    // Where the program itself may lie it stays as narrow as it was.
    if (hasStaticContent(parent, image, remade, paths)) continue;
    for (const path of paths) {
      add(found, parent, found.get(path) ?? []);
      found.delete(path);
    }
    together.add(parent);
  }
  return together;
}

function add(found: Map<string, WrittenPath[]>, path: string, writes: readonly WrittenPath[]): void {
  found.set(path, [...(found.get(path) ?? []), ...writes]);
}

/** A tmpfs hides the folders of the image; a volume is filled with them. */
function needsItsOwn(home: Home, above: Home, image: ImageTree, remade: ReadonlySet<string>): boolean {
  // What a program removes and makes anew must not be a mount, and need not be one.
  if (image.entry(home.path) === null || remade.has(home.path)) return false;
  if (isVolume(above)) return !isVolume(home) && isShortLived(home.path);
  return true;
}

/** With the folders of the image that a tmpfs hides although something may look for them. */
function withKeptFolders(homes: readonly Home[], image: ImageTree, remade: ReadonlySet<string>): Home[] {
  const paths = homes.map(({ path }) => path);
  return homes
    .flatMap((home): Home[] => {
      if (isVolume(home)) return [home];
      const folders = foldersToKeep(home.path, image).filter(
        (path) => !remade.has(path) && !paths.some((other) => other !== home.path && isWithin(path, other)),
      );
      if (folders.length > MOST_SIBLINGS) return [{ ...home, mixed: true }];
      return [home, ...folders.map((path) => ({ path, writes: [], mixed: false, lasting: false }))];
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function isVolume({ mixed, lasting }: Pick<Home, 'mixed' | 'lasting'>): boolean {
  return mixed || lasting;
}

function lasts({ path, type, remains, phases }: WrittenPath, persist: readonly string[]): boolean {
  if (persist.includes(path)) return true;
  if (type !== 'file' || !remains || isShortLived(path) || isRuntimeFile(path)) return false;
  // What is written at boot alone is written at the next one too, but for what a program makes once.
  return isStatePlace(path) || phases.some((phase) => phase !== 'boot');
}
