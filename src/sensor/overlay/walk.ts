import type { DirectoryEntries, FileStatus } from '../../linux/index.ts';
import {
  addedAt,
  type Comparison,
  compareAt,
  type Draft,
  type FoundChange,
  finish,
  finishUnhashed,
  stampOf,
} from './change-at.ts';
import {
  type DirectoryRef,
  type Entry,
  lookup,
  type OpenDirectory,
  openPair,
  type Stack,
  sameDirectories,
} from './lookup.ts';
import { LowerNames } from './lower-names.ts';
import { isMetacopy, isWhiteout } from './marks.ts';
import type { Pacer } from './pacer.ts';

/** The container's stack of layers, and the image's: the same without the upper one. */
export interface Stacks {
  readonly container: Stack;
  readonly image: Stack;
}

/** A directory that may hold changes: what the container merges there, and what the image does. */
interface Pending {
  readonly path: string;
  readonly container: readonly DirectoryRef[];
  readonly image: readonly DirectoryRef[];
  /** Where to go on in the upper directory, see DirectoryEntries. */
  readonly from?: bigint;
}

/** How a walk looks at what it finds. */
export interface Looking extends Comparison {
  readonly pacer: Pacer;
  /** Whether extended attributes are read of what only the upper layer has. */
  readonly attributes: boolean;
  /** See {@link MOST_PENDING}. */
  readonly mostPending?: number;
}

/** So many changes are handed on at once. */
const BATCH = 1000;
/** With so many directories waiting, those found last are walked before their directory is read on. */
const MOST_PENDING = 20_000;
/** But so many of one directory at least, or it would be read anew for each. */
const FEWEST_AT_ONCE = 500;

/**
 * Walks the upper layer and compares everything in it with the image. Descriptors are held for one directory
 * at a time, however deep the container nests them, and memory for a batch and the directories that wait,
 * however many there are.
 */
export async function* walk(stacks: Stacks, looking: Looking): AsyncGenerator<FoundChange[]> {
  const root: Pending = { path: '', container: stacks.container.roots, image: stacks.image.roots };
  const pending: Pending[] = [root];
  let batch = await rootChange(stacks, root, looking);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    using open = openPair(next.container, next.image);
    // The upper directory vanished since it was listed: whatever took its place is the next scan's.
    if (next.container[0]?.layer.isUpper === true && open.container[0]?.ref !== next.container[0]) continue;
    for (const draft of draftsIn({ stacks, at: next, ...open, looking, pending })) {
      if (draft !== null) {
        const found = looking.hasher.reads ? await finish(draft, looking.hasher) : finishUnhashed(draft);
        if (found !== null) batch.push(found);
        if (batch.length >= BATCH) {
          yield batch;
          batch = [];
        }
      }
      if (looking.pacer.due()) await looking.pacer.pause();
    }
  }
  if (batch.length > 0) yield batch;
}

async function rootChange(stacks: Stacks, root: Pending, looking: Looking): Promise<FoundChange[]> {
  using open = openPair(root.container, root.image);
  const now = lookup(stacks.container, open.container, '.');
  const then = lookup(stacks.image, open.image, '.');
  const draft = compareAt('/', now, then, looking);
  const found = draft === null ? null : await finish(draft, looking.hasher);
  return found === null ? [] : [found];
}

/** A directory on the way: what is open of it, and where its own directories are put. */
interface Visit {
  readonly stacks: Stacks;
  readonly at: Pending;
  readonly container: readonly OpenDirectory[];
  readonly image: readonly OpenDirectory[];
  readonly looking: Looking;
  readonly pending: Pending[];
}

/** What became of each name; null for those that did not change. Directories to walk next become pending. */
function* draftsIn(visit: Visit): Generator<Draft | null> {
  const { at, container, image } = visit;
  const upper = container[0]?.ref.layer.isUpper === true ? container[0] : null;
  if (upper !== null) {
    const paused = yield* upperDrafts(visit, upper);
    if (paused) return;
  }
  if (sameDirectories(lowerPart(at.container), at.image)) return;
  // The container does not simply lie over the image's directory. Only names of the image are remembered.
  const seen = new Set<string>();
  for (const { ref, directory } of [...container, ...image]) {
    if (ref.layer.isUpper) continue;
    for (const name of directory.names()) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (upper === null || upper.directory.stat(name) === null) yield compareName(visit, name);
    }
  }
}

/** The names of the upper directory; answers true when it is to be read on later. */
function* upperDrafts(visit: Visit, upper: OpenDirectory): Generator<Draft | null, boolean> {
  const { at, container, image, pending, looking } = visit;
  const { mostPending = MOST_PENDING } = looking;
  const lower = new LowerNames(container, image);
  const before = pending.length;
  using entries = upper.directory.entries(at.from);
  while (entries.next()) {
    const { name } = entries;
    const status = entries.stat();
    if (status === null) continue;
    const isPlain = status.type !== 'dir' && !upper.ref.xwhiteouts && !lower.has(name);
    const draft = isPlain ? added(visit, upper, name, status, entries) : undefined;
    yield draft === undefined ? compareName(visit, name) : draft;
    if (pending.length < mostPending || pending.length - before < FEWEST_AT_ONCE) continue;
    // What waits here comes after the directories found so far.
    pending.splice(before, 0, { ...at, from: entries.position });
    return true;
  }
  return false;
}

/** What only the upper layer has and is no directory was added; undefined when it takes a closer look. */
function added(
  { at, looking }: Visit,
  { ref, directory }: OpenDirectory,
  name: string,
  status: FileStatus,
  entries: DirectoryEntries,
): Draft | null | undefined {
  const { prefix, isKnown, attributes, hasher } = looking;
  if (isWhiteout(status, () => [], prefix, false)) return null;
  const path = `${at.path}/${name}`;
  if (isKnown?.(path, 'A', stampOf(status)) === true) return null;
  const xattrNames = attributes || hasher.reads ? entries.xattrNames() : [];
  if (xattrNames.length > 0 && isMetacopy(xattrNames, prefix)) return undefined;
  const place = { layer: ref.layer, path: ref.path === '' ? name : `${ref.path}/${name}` };
  return addedAt(path, { ...place, status, directory, name, xattrNames }, looking);
}

function compareName({ stacks, at, container, image, looking, pending }: Visit, name: string): Draft | null {
  const now = lookup(stacks.container, container, name);
  const then = lookup(stacks.image, image, name);
  const path = `${at.path}/${name}`;
  const draft = compareAt(path, now, then, looking);
  const below = belowOf(path, now, then);
  if (below !== null) pending.push(below);
  return draft;
}

/** The directory to walk next, or null when nothing below can differ, or all that does was said already. */
function belowOf(path: string, now: Entry | null, then: Entry | null): Pending | null {
  if (now === null) return null;
  const container = now.directories;
  const image = then?.directories ?? [];
  if (container.length === 0 && image.length === 0) return null;
  const untouched = container[0]?.layer.isUpper !== true && sameDirectories(container, image);
  return untouched ? null : { path, container, image };
}

function lowerPart(refs: readonly DirectoryRef[]): readonly DirectoryRef[] {
  return refs[0]?.layer.isUpper === true ? refs.slice(1) : refs;
}
