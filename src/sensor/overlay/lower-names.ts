import type { OpenDirectory } from './lookup.ts';

/** So many names are asked for one by one before a directory is read whole. */
const ASKED_FIRST = 16;
/** A directory of the image with more names is not kept in memory. */
const MOST_NAMES = 100_000;

/**
 * Whether the layers below the upper one have a name in a merged directory. Where the upper layer has many
 * names, the others are read once instead of being asked for each.
 */
export class LowerNames {
  readonly #open: readonly OpenDirectory[];
  #asked = 0;
  /** Null while, or because, they are asked one by one. */
  #names: Set<string> | null = null;

  constructor(container: readonly OpenDirectory[], image: readonly OpenDirectory[]) {
    const lower = [...container, ...image].filter(({ ref }) => !ref.layer.isUpper);
    this.#open = lower.filter(
      (one, at) => lower.findIndex((other) => other.directory === one.directory) === at,
    );
  }

  has(name: string): boolean {
    if (this.#open.length === 0) return false;
    if (++this.#asked === ASKED_FIRST) this.#names = this.#read();
    if (this.#names !== null) return this.#names.has(name);
    return this.#open.some(({ directory }) => directory.stat(name) !== null);
  }

  #read(): Set<string> | null {
    const names = new Set<string>();
    for (const { directory } of this.#open) {
      for (const name of directory.names()) names.add(name);
      if (names.size > MOST_NAMES) return null;
    }
    return names;
  }
}
