/** A process that goes on writing to what is locked for everybody else. */
export interface Holder {
  readonly pid: number;
  /** Its program as its own namespace has it; null when it cannot be read. */
  readonly exe: string | null;
  /** What it holds, as a path of the container. */
  readonly path: string;
  /**
   * `descriptor`: a file that is open for writing. `mapping`: a file that is mapped into memory for writing.
   * `directory`: a directory that is open, or its working or root directory, and through which it reaches what
   * lies below by relative paths.
   */
  readonly how: 'descriptor' | 'mapping' | 'directory';
}

/** A place that stays writable, and why. */
export interface WritablePlace {
  readonly path: string;
  /** A sentence without its full stop. */
  readonly because: string;
  /** Whether that is as it should be: allowed, or data by its nature. */
  readonly intended: boolean;
}

export interface LockReport {
  readonly container: { readonly id: string; readonly name: string };
  /** `partial`: something is writable that was neither allowed nor meant to stay so; see `held` and `writable`. */
  readonly state: 'locked' | 'partial';
  /** Whether the root as a whole is read-only, or each of its directories and files by itself. */
  readonly method: 'root' | 'covers';
  /** Paths at which read-only mounts lie. */
  readonly readOnly: readonly string[];
  /** Paths that stay writable, but from which nothing is executed. */
  readonly noexec: readonly string[];
  readonly writable: readonly WritablePlace[];
  readonly held: readonly Holder[];
  /** What can undo the lock from inside, each a sentence. */
  readonly warnings: readonly string[];
}

export interface UnlockReport {
  readonly container: { readonly id: string; readonly name: string };
  /** `gone`: the lock ended with the processes that it was for. */
  readonly state: 'unlocked' | 'not-locked' | 'gone';
  /** Paths at which something was undone. */
  readonly undone: readonly string[];
  /** What could not be undone, each a sentence. */
  readonly failed: readonly string[];
}
