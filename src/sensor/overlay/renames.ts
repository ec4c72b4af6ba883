import type { Change, FileState } from '../../contract/index.ts';
import type { FoundChange } from './change-at.ts';
import { readState } from './file-state.ts';
import type { Hasher } from './hash.ts';
import { closeAll, type DirectoryRef, lookup, openAll, type Stack } from './lookup.ts';
import type { Pacer } from './pacer.ts';

/** Files of deleted directories that are looked at as possible sources. */
const MOST_DELETED = 50_000;

/** From this size on equal content is no coincidence. */
const TELLING_BYTES = 64;

/**
 * Recognises image files under a new name and notes where they came from: by the source that overlayfs noted
 * when it copied the file up, else by size and SHA-256 of a path that is gone from the image's place.
 */
export async function markRenames(
  found: readonly FoundChange[],
  image: Stack,
  hasher: Hasher,
  pacer: Pacer,
): Promise<void> {
  markByOrigin(found);
  await markByContent(found, image, hasher, pacer);
}

function markByOrigin(found: readonly FoundChange[]): void {
  const sources = new Map<string, FoundChange>();
  for (const candidate of found) {
    const { origin, imageHandle, change } = candidate;
    // A path that still holds the file that the image has there is nobody's source: others are hard links to it.
    if (imageHandle === null || imageHandle === origin || change.before?.type === 'dir') continue;
    sources.set(imageHandle, candidate);
  }
  for (const { origin, imageHandle, change } of found) {
    if (origin === null || origin === imageHandle) continue;
    const source = sources.get(origin);
    if (source !== undefined) change.renamedFrom = source.change.path;
  }
}

interface Source {
  readonly path: string;
  readonly state: FileState;
  readonly hash: () => Promise<void>;
}

async function markByContent(
  found: readonly FoundChange[],
  image: Stack,
  hasher: Hasher,
  pacer: Pacer,
): Promise<void> {
  const targets = new Map<number, Change[]>();
  for (const { change, origin } of found) {
    const { kind, after } = change;
    // A file that was copied up has its source noted: what is not a rename by that is a hard link.
    if (kind !== 'A' || origin !== null) continue;
    if (after?.sha256 === undefined || after.size === 0) continue;
    const same = targets.get(after.size);
    if (same === undefined) targets.set(after.size, [change]);
    else same.push(change);
  }
  if (targets.size === 0) return;
  const taken = new Set(found.map(({ change }) => change.renamedFrom));
  for await (const source of deletedFiles(found, image, hasher, pacer)) {
    const candidates = targets.get(source.state.size);
    if (candidates === undefined || candidates.length === 0 || taken.has(source.path)) continue;
    await source.hash();
    const target = likest(source, candidates);
    if (target === undefined) continue;
    target.renamedFrom = source.path;
    candidates.splice(candidates.indexOf(target), 1);
  }
}

/** The change that has the source's content; among several the one with its time of change, or its name. */
function likest({ path, state }: Source, candidates: readonly Change[]): Change | undefined {
  const alike = candidates.filter(({ after }) => after?.sha256 === state.sha256);
  const moved = alike.find(({ after }) => after?.mtime === state.mtime);
  // Tiny files are often alike by chance; one that was really moved has kept its time.
  if (moved !== undefined || state.size < TELLING_BYTES) return moved;
  return alike.find((change) => baseName(change.path) === baseName(path)) ?? alike[0];
}

/** Regular files of the image that are gone from their place, those in deleted directories included. */
async function* deletedFiles(
  found: readonly FoundChange[],
  stack: Stack,
  hasher: Hasher,
  pacer: Pacer,
): AsyncGenerator<Source> {
  let seen = 0;
  const pending: { path: string; refs: readonly DirectoryRef[] }[] = [];
  for (const { change, imageDirectories } of found) {
    if (change.kind !== 'D' || change.before === null) continue;
    if (change.before.type === 'dir') pending.push({ path: change.path, refs: imageDirectories });
    else if (change.before.type === 'file')
      yield { path: change.path, state: change.before, hash: async () => {} };
  }
  for (let next = pending.pop(); next !== undefined && seen < MOST_DELETED; next = pending.pop()) {
    const open = openAll(next.refs);
    try {
      const names = new Set<string>();
      for (const { directory } of open) for (const name of directory.names()) names.add(name);
      for (const name of names) {
        if (pacer.due()) await pacer.pause();
        const entry = lookup(stack, open, name);
        if (entry === null || ++seen > MOST_DELETED) continue;
        const path = `${next.path}/${name}`;
        if (entry.status.type === 'dir') pending.push({ path, refs: entry.directories });
        if (entry.status.type !== 'file') continue;
        const state = readState(entry, stack.prefix);
        yield { path, state, hash: () => hasher.addTo(state, entry.content) };
      }
    } finally {
      closeAll(open);
    }
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
