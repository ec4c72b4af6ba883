import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type BlockedCall, blockedCall, mappedFileAt, readProgram } from '../../linux/index.ts';
import type { Opener } from '../verdict/access.ts';

const O_ACCMODE = 3;
const O_RDONLY = 0;
/** Of glibc: `ld-linux-x86-64.so.2`, `ld-2.31.so`, `ld.so.1`. musl's loader is its C library too: it cannot be told apart. */
const LOADER = /^ld(-linux[^/]*|-[0-9.]+|64|)\.so[0-9.]*$/;

/** A thread that waits for an answer, read from /proc as far as somebody wants to know. */
export class WaitingThread implements Opener {
  readonly thread: number;
  readonly #program: (thread: number) => string | null;
  #call: BlockedCall | null | undefined;
  #exe: string | null | undefined;
  #commandLine: readonly string[] | undefined;

  /** @param program tells which program the thread runs */
  constructor(thread: number, program: (thread: number) => string | null) {
    this.thread = thread;
    this.#program = program;
  }

  /** Whether the kernel opens the file for execve(2). */
  executes(): boolean {
    return this.#heldIn()?.executes ?? false;
  }

  openFlags(): number | null {
    return this.#heldIn()?.openFlags ?? null;
  }

  /** Whether it may write to what it opens; true when that cannot be seen. */
  mayWrite(): boolean {
    const flags = this.openFlags();
    return flags === null || (flags & O_ACCMODE) !== O_RDONLY;
  }

  exe(): string | null {
    if (this.#exe === undefined) this.#exe = this.#program(this.thread);
    return this.#exe;
  }

  commandLine(): readonly string[] {
    this.#commandLine ??= readProgram(this.thread)?.commandLine ?? [];
    return this.#commandLine;
  }

  fromLoader(): boolean {
    const instruction = this.#heldIn()?.instruction;
    if (instruction === undefined) return false;
    const file = mappedFileAt(this.thread, instruction);
    return file !== null && LOADER.test(basename(file));
  }

  /** Whether the thread is one of the container's, by its control group: nobody inside can leave it. */
  isInside(containerId: string): boolean {
    try {
      return readFileSync(`/proc/${this.thread}/cgroup`, 'latin1').includes(containerId);
    } catch {
      // Gone, so killed: whatever is answered, it opens nothing.
      return true;
    }
  }

  #heldIn(): BlockedCall | null {
    if (this.#call === undefined) this.#call = blockedCall(this.thread);
    return this.#call;
  }
}
