import type { ProcessAttribution } from '../../contract/index.ts';

/** Files of which the writers are remembered; beyond, the oldest is forgotten, and no exception by writer fits it. */
const MAX_FILES = 50_000;
/** Of them, those of which the last writer is known with its ancestors: a few KiB each. */
const MAX_WITH_PROCESS = 2000;
/** Programs of one file; more than any honest file has. */
const MAX_PROGRAMS = 8;

interface History {
  /** Every program that had the file open for writing since it came to be; null when that is not known in full. */
  programs: Set<string> | null;
  /** Who opened it for writing last; null when that was long ago. */
  last: ProcessAttribution | null;
}

/** Which programs wrote to which file. It can be known in full, since each of them had to ask. */
export class Writers {
  readonly #files = new Map<string, History>();
  readonly #withProcess = new Set<string>();

  /**
   * Somebody is about to open a file for writing.
   *
   * @param key of the file's inode, among all containers
   * @param isNew it has just come to be, empty, while its container was guarded
   */
  note(key: string, isNew: boolean, program: string | null, who: ProcessAttribution): void {
    const known = this.#files.get(key);
    const before = known === undefined ? (isNew ? new Set<string>() : null) : known.programs;
    const programs =
      program === null || (before?.size ?? 0) >= MAX_PROGRAMS ? null : (before?.add(program) ?? null);
    this.#rememberProcess(key);
    if (known !== undefined) {
      known.programs = programs;
      known.last = who;
      return;
    }
    for (const oldest of this.#files.keys()) {
      if (this.#files.size < MAX_FILES) break;
      this.#files.delete(oldest);
    }
    this.#files.set(key, { programs, last: who });
  }

  #rememberProcess(key: string): void {
    this.#withProcess.delete(key);
    this.#withProcess.add(key);
    for (const oldest of this.#withProcess) {
      if (this.#withProcess.size <= MAX_WITH_PROCESS) break;
      this.#withProcess.delete(oldest);
      const history = this.#files.get(oldest);
      if (history !== undefined) history.last = null;
    }
  }

  /** From now on somebody may write to it without asking. */
  lose(key: string): void {
    const known = this.#files.get(key);
    if (known !== undefined) known.programs = null;
  }

  /** All programs that wrote to it; null when that is not known in full. */
  programsOf(key: string): readonly string[] | null {
    const programs = this.#files.get(key)?.programs;
    return programs === undefined || programs === null ? null : [...programs];
  }

  lastOf(key: string): ProcessAttribution | null {
    return this.#files.get(key)?.last ?? null;
  }
}
