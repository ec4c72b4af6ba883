import { openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { decodePathBytes, encodePathBytes } from '../../kernel/index.ts';
import {
  type BlockedCall,
  blockedCall,
  closeDescriptor,
  FileIdentity,
  O_PATH,
  openInRoot,
} from '../../linux/index.ts';
import type { Opener } from '../verdict/access.ts';
import type { Guarded } from './guarded.ts';
import { isInHostPids } from './host-processes.ts';
import type { Program } from './programs.ts';

const O_ACCMODE = 3;
const O_RDONLY = 0;
/** Paths that mean a descriptor of the process itself. */
const DESCRIPTOR = /^\/(?:dev\/stdin|(?:dev\/fd|proc\/(?:self|thread-self|\d+)\/fd)\/(\d{1,9}))$/;
const MOST_DESCRIPTORS = 256;
const MOST_COMMAND_LINE_BYTES = 64 << 10;
const commandLineBuffer = Buffer.alloc(MOST_COMMAND_LINE_BYTES);

/** What is found out about threads, and remembered between them. */
export interface ThreadFacts {
  program(thread: number): Program | null;
  isLoader(thread: number, program: string, instruction: number): boolean;
}

/** A thread that waits for an answer, read from /proc as far as somebody wants to know. */
export class WaitingThread implements Opener {
  readonly thread: number;
  readonly #facts: ThreadFacts;
  readonly #file: string;
  #call: BlockedCall | null | undefined;
  #program: Program | null | undefined;
  #commandLine: readonly string[] | undefined;

  /** @param file what it opens */
  constructor(thread: number, facts: ThreadFacts, file: FileIdentity) {
    this.thread = thread;
    this.#facts = facts;
    this.#file = sameFile(file);
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
    return this.#runs()?.path ?? null;
  }

  commandLine(): readonly string[] {
    this.#commandLine ??= readCommandLine(this.thread);
    return this.#commandLine;
  }

  leadsHere(word: string): boolean {
    const descriptor = DESCRIPTOR.exec(word);
    if (descriptor !== null) return this.#isFile(`/proc/${this.thread}/fd/${descriptor[1] ?? '0'}`);
    try {
      const path = word.startsWith('/') ? word : `${readlinkSync(`/proc/${this.thread}/cwd`)}/${word}`;
      const root = openSync(`/proc/${this.thread}/root`, O_PATH);
      try {
        const fd = openInRoot(root, encodePathBytes(path), O_PATH);
        if (fd === null) return false;
        const isHere = sameFile(new FileIdentity().read(fd)) === this.#file;
        closeDescriptor(fd);
        return isHere;
      } finally {
        closeDescriptor(root);
      }
    } catch {
      // Gone, or no path.
      return false;
    }
  }

  isWriting(): boolean {
    try {
      const folder = `/proc/${this.thread}`;
      return readdirSync(`${folder}/fd`)
        .slice(0, MOST_DESCRIPTORS)
        .some((fd) => writes(`${folder}/fdinfo/${fd}`) && this.#isFile(`${folder}/fd/${fd}`));
    } catch {
      return false;
    }
  }

  fromLoader(): boolean {
    const call = this.#heldIn();
    return call !== null && this.#facts.isLoader(this.thread, this.#runs()?.version ?? '', call.instruction);
  }

  /**
   * Whether the thread is one of the container's and not the host's: by its control group, its pid namespace or
   * its mount namespace. Nobody inside leaves all of them without leaving the container.
   */
  isInside({ target, namespaces }: Guarded): boolean {
    try {
      const folder = `/proc/${this.thread}`;
      if (readFileSync(`${folder}/cgroup`, 'latin1').includes(target.id)) return true;
      if (!isInHostPids(this.thread)) return true;
      return namespaces.has(readlinkSync(`${folder}/ns/mnt`));
    } catch {
      // Gone, so killed: whatever is answered, it opens nothing.
      return true;
    }
  }

  /** Whether a descriptor's link in /proc leads to the file; opened as a place only, which asks nobody. */
  #isFile(link: string): boolean {
    try {
      const fd = openSync(link, O_PATH);
      const isHere = sameFile(new FileIdentity().read(fd)) === this.#file;
      closeDescriptor(fd);
      return isHere;
    } catch {
      return false;
    }
  }

  #runs(): Program | null {
    if (this.#program === undefined) this.#program = this.#facts.program(this.thread);
    return this.#program;
  }

  #heldIn(): BlockedCall | null {
    if (this.#call === undefined) this.#call = blockedCall(this.thread);
    return this.#call;
  }
}

function sameFile(identity: FileIdentity): string {
  return `${identity.device} ${identity.key}`;
}

function readCommandLine(thread: number): string[] {
  try {
    const fd = openSync(`/proc/${thread}/cmdline`, 'r');
    try {
      const length = readSync(fd, commandLineBuffer, 0, MOST_COMMAND_LINE_BYTES, 0);
      const words = decodePathBytes(commandLineBuffer.subarray(0, length)).split('\0');
      // Each word ends with a NUL.
      if (words.at(-1) === '') words.pop();
      return words;
    } finally {
      closeDescriptor(fd);
    }
  } catch {
    return [];
  }
}

/** Whether a file of fdinfo (proc_pid_fdinfo(5)) is of a descriptor for writing. */
function writes(fdinfo: string): boolean {
  const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(fdinfo, 'latin1'))?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & O_ACCMODE) !== O_RDONLY;
}
