import { basename } from 'node:path';
import { mappedFileAt } from '../../linux/index.ts';

/** Of glibc: `ld-linux-x86-64.so.2`, `ld-2.31.so`, `ld.so.1`. musl's loader is its C library too: it cannot be told apart. */
const LOADER = /^ld(-linux[^/]*|-[0-9.]+|64|)\.so[0-9.]*$/;
/** Places in programs that are remembered. */
const MAX_KNOWN = 4096;

/**
 * Whether a system call comes from the dynamic loader's code. Reading a process's mappings takes a tenth of a
 * millisecond, so what was found for an address is remembered for the process as long as it runs the same program;
 * another program lies elsewhere in memory.
 */
export class Loaders {
  readonly #known = new Map<string, boolean>();

  /**
   * @param program what makes the program of the thread another one, as by execve(2)
   * @param instruction address in the thread's memory
   */
  isLoader(thread: number, program: string, instruction: number): boolean {
    const key = `${thread} ${instruction} ${program}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const file = mappedFileAt(thread, instruction);
    const isLoader = file !== null && LOADER.test(basename(file));
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(key, isLoader);
    return isLoader;
  }
}
