import type { Change } from '../../contract/index.ts';

/** Changes that one scan keeps; a container that makes more is told of, not kept in memory. */
const MOST_CHANGES = 300_000;
/** Bytes of paths, targets and attributes that one scan keeps. */
const MOST_BYTES = 512 * 1024 * 1024;
/** Cost of a change beside its texts, as measured. */
export const CHANGE_BYTES = 1200;

/** Bounds what a hostile container can make a scan hold. */
export class ScanBudget {
  readonly #mostChanges: number;
  readonly #mostBytes: number;
  #changes = 0;
  #bytes = 0;

  constructor(mostChanges = MOST_CHANGES, mostBytes = MOST_BYTES) {
    this.#mostChanges = mostChanges;
    this.#mostBytes = mostBytes;
  }

  get exhausted(): boolean {
    return this.#changes >= this.#mostChanges || this.#bytes >= this.#mostBytes;
  }

  spend(change: Change): void {
    this.#changes += 1;
    this.#bytes += CHANGE_BYTES + change.path.length;
    for (const state of [change.before, change.after]) {
      this.#bytes += state?.target?.length ?? 0;
      for (const value of Object.values(state?.xattrs ?? {})) this.#bytes += value.length;
    }
  }

  /** What the scan says of itself when it stopped early. */
  sentence(): string {
    return `The scan stopped after ${this.#changes} changes, more than it keeps in memory; further changes are not listed.`;
  }
}
