import { addPermissionMark, ignoreFileForGood, PERMISSION } from '../../linux/index.ts';

/** So often in a row a file is opened for writing alone before its opens are asked about no more. */
const TIMES = 16;
/** Files that are counted, and such that are marked, of all containers. */
const MAX_COUNTED = 4096;
const MAX_MARKED = 8192;

/**
 * Files that are opened for writing again and again, as logs are: an open for writing alone reads nothing, so it
 * need not be asked about; instead each read is. Running one is asked about as ever.
 */
export class WrittenFiles {
  readonly #group: number;
  readonly #counts = new Map<string, number>();
  #marked = 0;

  constructor(group: number) {
    this.#group = group;
  }

  /**
   * The file is about to be opened for writing alone.
   * @returns whether its opens are asked about no more from now on, so that its writers are no longer all known
   */
  note(key: string, fd: number): boolean {
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.delete(key);
    if (count < TIMES || this.#marked >= MAX_MARKED) {
      if (this.#counts.size >= MAX_COUNTED) this.#counts.clear();
      this.#counts.set(key, count);
      return false;
    }
    // In this order: from the first open that is not asked about, reads are.
    addPermissionMark(this.#group, 'file', fd, PERMISSION.ACCESS);
    ignoreFileForGood(this.#group, fd, PERMISSION.OPEN);
    this.#marked++;
    return true;
  }

  /** It was opened for reading. */
  forget(key: string): void {
    this.#counts.delete(key);
  }
}
