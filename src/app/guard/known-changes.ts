import { hash, randomBytes } from 'node:crypto';
import type { Change, ChangeKind, FileState } from '../../contract/index.ts';
import type { FileStamp } from '../../sensor/index.ts';

/** 32-bit words of a slot: two of the path's digest, four of the state's, two of the content's. */
const SLOT_WORDS = 8;
const STATE_AT = 2;
const STATE_WORDS = 4;
const CONTENT_AT = 6;
const CONTENT_WORDS = 2;
const FEWEST_SLOTS = 1024;

/** Beyond this many paths the memory starts anew: some changes are then assessed twice, none is missed. */
const MOST_KNOWN = 2_000_000;

/**
 * Stores through a memory mapping set a ctime when they reach a page that was written back, and not again until
 * it is written back the next time, half a minute later: what a younger file holds is not known by its ctime.
 */
const SETTLED_SECONDS = 120;

/**
 * Which changes were assessed already, so that a rescan costs little and no finding is told twice. Of each
 * path 32 bytes are kept, in a table with open addressing: at most 128 MiB for two million paths.
 *
 * A change counts as known when 128 bits of a digest of its path and state are equal, and 64 of its content's. The digest has a key
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
    const slot = this.#find(this.#digest(path));
    return (
      this.#holds(slot + STATE_AT, STATE_WORDS, this.#digest(stateText(path, kind, after))) &&
      this.#holds(slot + CONTENT_AT, CONTENT_WORDS, this.#digest(contentText(path, after)))
    );
  }

  /** Whether a change that a scan sees at a glance need not be looked at again. */
  readonly knows = (path: string, kind: ChangeKind, after: FileStamp | null): boolean => {
    if (after?.type === 'file' && !(Date.now() / 1000 - Number(after.ctime) > SETTLED_SECONDS)) return false;
    const slot = this.#find(this.#digest(path));
    return this.#holds(slot + STATE_AT, STATE_WORDS, this.#digest(stateText(path, kind, after)));
  };

  add({ path, kind, after }: Change): void {
    if (this.#count >= this.#most) this.#clear();
    else if (this.#count * 2 >= this.#slots.length / SLOT_WORDS) this.#grow();
    const digest = this.#digest(path);
    const slot = this.#find(digest);
    if (this.#slots[slot] === 0) this.#count += 1;
    this.#slots[slot] = pathWord(digest, 0);
    this.#slots[slot + 1] = pathWord(digest, 1);
    this.#put(slot + STATE_AT, STATE_WORDS, this.#digest(stateText(path, kind, after)));
    this.#put(slot + CONTENT_AT, CONTENT_WORDS, this.#digest(contentText(path, after)));
  }

  /** The path is as the image has it again. */
  forget(path: string): void {
    const slot = this.#find(this.#digest(path));
    // The slot stays the path's own: emptied, it would cut off others that were put behind it.
    if (this.#slots[slot] !== 0) this.#slots.fill(0, slot + STATE_AT, slot + SLOT_WORDS);
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

  #holds(at: number, words: number, digest: string): boolean {
    for (let word = 0; word < words; word++) {
      if (this.#slots[at + word] !== wordOf(digest, word)) return false;
    }
    return true;
  }

  #put(at: number, words: number, digest: string): void {
    for (let word = 0; word < words; word++) this.#slots[at + word] = wordOf(digest, word);
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

function contentText(path: string, after: FileState | null): string {
  return `${path}\0\0${after?.sha256 ?? ''}`;
}
