import { isWithin } from '../../kernel/index.ts';
import type { ImageEntry, ImageTree } from './image-tree.ts';
import { isMountableName, isShortLived } from './places.ts';

/** Whether the image has files below a folder that are needed: neither made anew nor in another home. */
export function hasStaticContent(
  path: string,
  image: ImageTree,
  remade: ReadonlySet<string>,
  otherHomes: readonly string[],
): boolean {
  return image.list(path).some((entry) => {
    if (otherHomes.includes(entry.path)) return false;
    if (entry.type === 'dir') return hasStaticContent(entry.path, image, remade, otherHomes);
    // What an image has in a short-lived place is left over from its making, but for logs that lead elsewhere.
    return !remade.has(entry.path) && (!isShortLived(path) || leadsToOutput(entry));
  });
}

/** A log that the image sends to the container's output. */
function leadsToOutput({ target }: ImageEntry): boolean {
  return target !== null && /^\/(dev\/(stdout|stderr|fd\/[12])|proc\/self\/fd\/[12])$/.test(target);
}

/** Places where a tmpfs that is empty at first surprises nobody. */
const EMPTY_AT_FIRST = ['/tmp', '/var/tmp', '/var/cache', '/var/log', '/var/lock', '/run/lock', '/dev'];

/** The image's folders below a place, outermost first, that a program may want to find there. */
export function foldersToKeep(path: string, image: ImageTree): string[] {
  return image
    .list(path)
    .filter(
      (entry) =>
        entry.type === 'dir' &&
        isMountableName(entry.path) &&
        !EMPTY_AT_FIRST.some((place) => isWithin(entry.path, place)),
    )
    .flatMap((entry) => [entry.path, ...foldersToKeep(entry.path, image)]);
}

/** Files of the image that a tmpfs at a place hides. */
export function filesHidden(path: string, image: ImageTree): string[] {
  return image
    .list(path)
    .flatMap((entry) => (entry.type === 'dir' ? filesHidden(entry.path, image) : [entry.path]));
}
