import { readSync } from 'node:fs';
import type { Change, Drift, WatchTarget } from '../../contract/index.ts';
import { type Clock, PristineError, systemClock } from '../../kernel/index.ts';
import type { DriftReader, FileSample, ReadOptions, StreamOptions } from '../port.ts';
import { overlayBlindSpots } from './blind-spots.ts';
import { changeAt } from './change-at.ts';
import { collect, sortedChanges } from './collect.ts';
import { Hasher } from './hash.ts';
import { openLayers } from './layers.ts';
import { type DirectoryRef, lookup, lookupPath, openPair, type Stack, sameDirectories } from './lookup.ts';
import { markMountpoints } from './mountpoints.ts';
import { Pacer } from './pacer.ts';
import { markRenames } from './renames.ts';
import { type Stacks, walk } from './walk.ts';

/**
 * A reader that compares the upper layer of a local overlay with the layers below, as they lie on disk. It
 * works on running, paused and stopped containers, follows no link, opens nothing but directories and regular
 * files, and needs root.
 */
export function createOverlayReader(options: { clock?: Clock } = {}): DriftReader {
  const clock = options.clock ?? systemClock;
  return {
    source: 'overlay',
    blindSpots: overlayBlindSpots,
    scan: (target, readOptions) => scan(target, readOptions, clock),
    scanStream,
    examine,
    readCurrent: async (target, path, maxBytes) => {
      using layers = openLayers(target);
      return sample(layers.container, path, maxBytes);
    },
    readOriginal: async (target, path, maxBytes) => {
      using layers = openLayers(target);
      return sample(layers.image, path, maxBytes);
    },
  };
}

async function scan(target: WatchTarget, options: ReadOptions, clock: Clock): Promise<Drift> {
  const takenAt = clock.now().toISOString();
  const pacer = new Pacer(options.signal);
  const hasher = new Hasher(options, pacer);
  using layers = openLayers(target);
  const { prefix } = layers.container;
  const looking = { prefix, hasher, pacer, origins: true, attributes: true };
  const { found, omissions } = await collect(layers, looking);
  await markRenames(found, layers.image, hasher, pacer);
  const changes = sortedChanges(found);
  markMountpoints(changes, target);
  const { id, name, image, imageId } = target;
  return {
    container: { id, name, image, imageId },
    takenAt,
    source: 'overlay',
    changes,
    blindSpots: [...omissions, ...overlayBlindSpots(target)],
  };
}

async function* scanStream(
  target: WatchTarget,
  { isKnown, attributes = true, ...options }: StreamOptions,
): AsyncGenerator<readonly Change[]> {
  const pacer = new Pacer(options.signal);
  const hasher = new Hasher(options, pacer);
  using layers = openLayers(target);
  const { prefix } = layers.container;
  for await (const batch of walk(layers, { prefix, hasher, pacer, origins: false, attributes, isKnown })) {
    const changes = batch.map(({ change }) => change);
    markMountpoints(changes, target);
    yield changes;
  }
}

async function examine(target: WatchTarget, path: string, options: ReadOptions): Promise<Change | null> {
  const relative = relativePath(path);
  using layers = openLayers(target);
  const hasher = new Hasher(options, new Pacer(options.signal));
  const change = await changeBelow(layers, relative, hasher);
  if (change !== null) markMountpoints([change], target);
  return change;
}

/** Goes down to one path in the container's and in the image's view at once, and compares them there. */
async function changeBelow(stacks: Stacks, path: string, hasher: Hasher): Promise<Change | null> {
  const names = path === '' ? ['.'] : path.split('/');
  let container: readonly DirectoryRef[] = stacks.container.roots;
  let image: readonly DirectoryRef[] = stacks.image.roots;
  for (const [index, name] of names.entries()) {
    // Nothing of the upper layer here, and nothing moved: below, everything is as in the image.
    if (container[0]?.layer.isUpper !== true && sameDirectories(container, image)) return null;
    using open = openPair(container, image);
    const now = lookup(stacks.container, open.container, name);
    const then = lookup(stacks.image, open.image, name);
    if (index === names.length - 1) {
      const comparison = { prefix: stacks.container.prefix, hasher, origins: false };
      return (await changeAt(`/${path}`, now, then, comparison))?.change ?? null;
    }
    container = now?.directories ?? [];
    image = then?.directories ?? [];
  }
  return null;
}

function sample(stack: Stack, path: string, maxBytes: number): FileSample | null {
  const entry = lookupPath(stack, relativePath(path));
  if (entry === null || entry.status.type !== 'file') return null;
  using file = entry.content.layer.root.openFile(entry.content.path);
  if (file === null) return null;
  const { size } = file.status;
  const bytes = Buffer.alloc(Math.min(size, maxBytes));
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(file.descriptor, bytes, length, bytes.length - length, length);
    if (read === 0) break;
    length += read;
  }
  return { bytes: bytes.subarray(0, length), size };
}

/** An absolute path of the container as one below its root. @throws {PristineError} E_UNSAFE_PATH */
function relativePath(path: string): string {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (!path.startsWith('/') || names.includes('..')) {
    throw new PristineError('E_UNSAFE_PATH', `${JSON.stringify(path)} is no absolute path of a container`, {
      next: 'Give the path as it is in the container, from the root, without "..".',
    });
  }
  return names.join('/');
}
