import { hash, randomBytes } from 'node:crypto';
import type { Change, ChangeKind } from '../../contract/index.ts';
import type { FileStamp } from '../../sensor/index.ts';

/** 32-bit words of a slot: two of the path's digest, four of the whole state's. */
const SLOT_WORDS = 6;
const FEWEST_SLOTS = 1024;

/** Beyond this many paths the memory starts anew: some changes are then assessed twice, none is missed. */
const MOST_KNOWN = 2_000_000;

/**
 * Which changes were assessed already, so that a rescan costs little and no finding is told twice. Of each
 * path 24 bytes are kept, in a table with open addressing: at most 96 MiB for two million paths.
 *
 * A change counts as known when 128 bits of a digest of its path and state are equal. The digest has a key
 * of its own in every run, so that no container can look for a state that passes for another.
 */
export class KnownChanges {
  readonly #most: number;
  readonly #key = randomBytes(32).toString('latin1');
  #slots = new Uint32Array(FEWEST_SLOTS * SLOT_WORDS);
  #count = 0;

  constructor(most = MOST_KNOWN) {
    this.#most = most;
  }

  has({ path, kind, after }: Change): boolean {
    return this.knows(path, kind, after);
  }

  /** The same for what a scan sees at a glance. */
  readonly knows = (path: string, kind: ChangeKind, after: FileStamp | null): boolean => {
    const state = this.#digest(stateText(path, kind, after));
    const slot = this.#find(this.#digest(path));
    return this.#slots[slot] !== 0 && this.#holds(slot, state);
  };

  add({ path, kind, after }: Change): void {
    if (this.#count >= this.#most) this.#clear();
    else if (this.#count * 2 >= this.#slots.length / SLOT_WORDS) this.#grow();
    const digest = this.#digest(path);
    const slot = this.#find(digest);
    if (this.#slots[slot] === 0) this.#count += 1;
    this.#slots[slot] = pathWord(digest, 0);
    this.#slots[slot + 1] = pathWord(digest, 1);
    const state = this.#digest(stateText(path, kind, after));
    for (let word = 0; word < 4; word++) this.#slots[slot + 2 + word] = wordOf(state, word);
  }

  /** The path is as the image has it again. */
  forget(path: string): void {
    const slot = this.#find(this.#digest(path));
    // The slot stays the path's own: emptied, it would cut off others that were put behind it.
    if (this.#slots[slot] !== 0) this.#slots.fill(0, slot + 2, slot + SLOT_WORDS);
  }

  #digest(text: string): string {
    // Names that are not UTF-8 hold lone surrogates, which would all be hashed as one; no path begins with a quote.
    return hash('sha256', this.#key + (text.isWellFormed() ? text : JSON.stringify(text)), 'binary');
  }

  /** The path's slot, or the free one where it would be put. */
  #find(digest: string): number {
    const first = pathWord(digest, 0);
    const second = pathWord(digest, 1);
    const capacity = this.#slots.length / SLOT_WORDS;
    for (let at = second % capacity; ; at = (at + 1) % capacity) {
      const slot = at * SLOT_WORDS;
      const held = this.#slots[slot];
      if (held === 0 || (held === first && this.#slots[slot + 1] === second)) return slot;
    }
  }

  #holds(slot: number, state: string): boolean {
    for (let word = 0; word < 4; word++) {
      if (this.#slots[slot + 2 + word] !== wordOf(state, word)) return false;
    }
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    const capacity = this.#slots.length / SLOT_WORDS;
    for (let from = 0; from < old.length; from += SLOT_WORDS) {
      if (old[from] === 0) continue;
      let at = (old[from + 1] ?? 0) % capacity;
      while (this.#slots[at * SLOT_WORDS] !== 0) at = (at + 1) % capacity;
      this.#slots.set(old.subarray(from, from + SLOT_WORDS), at * SLOT_WORDS);
    }
  }

  #clear(): void {
    this.#slots = new Uint32Array(FEWEST_SLOTS * SLOT_WORDS);
    this.#count = 0;
  }
}

/** Words of a path's digest; the first is never 0, which stands for a free slot. */
function pathWord(digest: string, index: number): number {
  const word = wordOf(digest, index);
  return index === 0 && word === 0 ? 1 : word;
}

function wordOf(digest: string, index: number): number {
  const at = index * 4;
  return (
    (digest.charCodeAt(at) |
      (digest.charCodeAt(at + 1) << 8) |
      (digest.charCodeAt(at + 2) << 16) |
      (digest.charCodeAt(at + 3) << 24)) >>>
    0
  );
}

/** Differs whenever content or attributes do: ctime cannot be set from inside, and the inode changes on replacement. */
function stateText(path: string, kind: ChangeKind, after: FileStamp | null): string {
  // No path holds a NUL, which so ends it.
  if (after === null) return `${path}\0${kind}`;
  return `${path}\0${kind} ${after.type} ${after.ctime} ${after.inode} ${after.size} ${after.mode}`;
}
