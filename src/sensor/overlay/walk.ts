import type { Change } from '../../contract/index.ts';
import { encodePathBytes } from '../../kernel/index.ts';
import { ScanBudget } from './budget.ts';
import { changeAt, type FoundChange } from './change-at.ts';
import type { Hasher } from './hash.ts';
import {
  type DirectoryRef,
  type Entry,
  lookup,
  type OpenDirectory,
  openPair,
  type Stack,
  sameDirectories,
} from './lookup.ts';
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
}

export interface Walk {
  readonly found: FoundChange[];
  /** Sentences about what was left out. */
  readonly omissions: string[];
}

/**
 * Walks the upper layer and compares everything in it with the image. Descriptors are held for one directory
 * at a time, however deep the container nests them.
 */
export async function walk(
  stacks: Stacks,
  hasher: Hasher,
  pacer: Pacer,
  budget = new ScanBudget(),
): Promise<Walk> {
  const found: FoundChange[] = [];
  const root = { path: '', container: stacks.container.roots, image: stacks.image.roots };
  const keep = (change: FoundChange | null) => {
    if (change === null) return;
    budget.spend(change.change);
    found.push(change);
  };
  keep(await rootChange(stacks, root, hasher));
  const pending: Pending[] = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    await walkDirectory(stacks, next, hasher, pacer, pending, keep, () => budget.exhausted);
    if (budget.exhausted) return { found, omissions: [budget.sentence()] };
  }
  return { found, omissions: [] };
}

async function rootChange(stacks: Stacks, root: Pending, hasher: Hasher): Promise<FoundChange | null> {
  using open = openPair(root.container, root.image);
  const now = lookup(stacks.container, open.container, '.');
  const then = lookup(stacks.image, open.image, '.');
  return await changeAt('/', now, then, stacks.container.prefix, hasher);
}

async function walkDirectory(
  stacks: Stacks,
  at: Pending,
  hasher: Hasher,
  pacer: Pacer,
  pending: Pending[],
  keep: (change: FoundChange | null) => void,
  full: () => boolean,
): Promise<void> {
  using open = openPair(at.container, at.image);
  const { container, image } = open;
  // The upper directory vanished since it was listed: whatever took its place is the next scan's.
  if (at.container[0]?.layer.isUpper === true && container[0]?.ref !== at.container[0]) return;
  for (const name of namesToCompare(at, container, image)) {
    const now = lookup(stacks.container, container, name);
    const then = lookup(stacks.image, image, name);
    const path = `${at.path}/${name}`;
    keep(await changeAt(path, now, then, stacks.container.prefix, hasher));
    const below = belowOf(path, now, then);
    if (below !== null) pending.push(below);
    if (full()) return;
    if (pacer.due()) await pacer.pause();
  }
}

/**
 * The upper layer's names, and all others where the container does not simply lie over the image's directory.
 * Only names of the image are remembered: the container may make millions.
 */
function* namesToCompare(
  at: Pending,
  container: readonly OpenDirectory[],
  image: readonly OpenDirectory[],
): Generator<string> {
  const upper = container[0]?.ref.layer.isUpper === true ? container[0].directory : null;
  if (upper !== null) yield* upper.names();
  if (sameDirectories(lowerPart(at.container), at.image)) return;
  const seen = new Set<string>();
  for (const { ref, directory } of [...container, ...image]) {
    if (ref.layer.isUpper) continue;
    for (const name of directory.names()) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (upper === null || upper.stat(name) === null) yield name;
    }
  }
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

/** Changes sorted by the bytes of their paths. A name that a changing directory gave twice counts as seen last. */
export function sortedChanges(found: readonly FoundChange[]): Change[] {
  const last = new Map(found.map(({ change }) => [change.path, change]));
  const keyed = [...last.values()].map((change) => ({ change, key: encodePathBytes(change.path) }));
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ change }) => change);
}
