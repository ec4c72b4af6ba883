import type { WrittenPath } from '../../contract/index.ts';
import type { ImageTree } from './image-tree.ts';
import { isRuntimeFile, isShortLived, isSpareCache, isUntouchable, isWithin } from './places.ts';

/** A folder that has to be writable. */
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

/** The narrowest folders that cover what was written, none of them needless beside another. */
export function findHomes(
  writes: readonly WrittenPath[],
  image: ImageTree,
  persist: readonly string[],
): Homes {
  const spared = writes.filter(({ path }) => isSpareCache(path));
  const impossible: WrittenPath[] = [];
  const found = new Map<string, WrittenPath[]>();
  const counted = writes.filter(({ path }) => !isSpareCache(path));
  for (const write of counted) {
    const home = homeOf(write, image);
    if (home === null) impossible.push(write);
    else found.set(home, [...(found.get(home) ?? []), write]);
  }
  const written = new Set(counted.map(({ path }) => path));
  const paths = [...found.keys()].sort();
  const homes: Home[] = [];
  for (const path of paths) {
    const below = paths.filter((other) => other !== path && isWithin(other, path));
    const mixed = !isShortLived(path) && hasStaticContent(path, image, written, below);
    const own = found.get(path) ?? [];
    const home = { path, writes: own, mixed, lasting: own.some((write) => lasts(write, persist)) };
    const above = homes.findLast((other) => isWithin(path, other.path));
    if (above === undefined || needsItsOwn(home, above, image)) homes.push(home);
    else {
      const joined = {
        ...above,
        writes: [...above.writes, ...own],
        lasting: above.lasting || home.lasting,
      };
      homes[homes.indexOf(above)] = joined;
    }
  }
  return { homes, impossible, spared };
}

/** The folder that must be writable for a write; null when no mount can be there. */
function homeOf({ path, type, inImage }: WrittenPath, image: ImageTree): string | null {
  const folder = type === 'directory' && (inImage || image.entry(path)?.type === 'dir');
  if (folder) return isUntouchable(path) ? null : path;
  // From the top: the first folder that the image does not have is the container's own.
  const names = path.split('/').filter(Boolean);
  let at = '';
  for (const [index, name] of names.entries()) {
    const next = `${at}/${name}`;
    const last = index === names.length - 1;
    if (!last && image.entry(next)?.type === 'dir') {
      at = next;
      continue;
    }
    const parent = at === '' ? '/' : at;
    // A folder of its own can be mounted by itself, unless the one above is as good as empty.
    const ownFolder = last ? type === 'directory' : true;
    if (ownFolder && (isUntouchable(parent) || hasAnyContent(parent, image)))
      return isShortLived(parent) ? parent : next;
    return isUntouchable(parent) ? null : parent;
  }
  return null;
}

function hasAnyContent(path: string, image: ImageTree): boolean {
  return image.list(path).length > 0;
}

/** Whether the image has files below that are neither written nor in another home. */
function hasStaticContent(
  path: string,
  image: ImageTree,
  written: ReadonlySet<string>,
  otherHomes: readonly string[],
): boolean {
  return image.list(path).some((entry) => {
    if (otherHomes.includes(entry.path)) return false;
    if (entry.type !== 'dir') return !written.has(entry.path);
    return hasStaticContent(entry.path, image, written, otherHomes);
  });
}

/** A tmpfs hides the folders of the image; a volume is filled with them. */
function needsItsOwn(home: Home, above: Home, image: ImageTree): boolean {
  if (image.entry(home.path) === null) return false;
  if (isVolume(above)) return !isVolume(home) && isShortLived(home.path);
  return true;
}

export function isVolume({ mixed, lasting }: Home): boolean {
  return mixed || lasting;
}

function lasts({ path, type, remains }: WrittenPath, persist: readonly string[]): boolean {
  if (persist.includes(path)) return true;
  return type === 'file' && remains && !isShortLived(path) && !isRuntimeFile(path);
}
