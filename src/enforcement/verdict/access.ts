import type { DeniedAccess, Exception, ProtectionPolicy } from '../../contract/index.ts';

/** Where a file lies that is not from the image. */
export type Place =
  /** The container's writable layer. */
  | 'layer'
  /** A tmpfs: `/dev`, `/dev/shm`, `--tmpfs`. */
  | 'memory'
  | 'volume'
  | 'bind'
  /** `/etc/hosts`, `/etc/hostname` or `/etc/resolv.conf`, which the engine binds in. */
  | 'engine-file';

/** A file that is not from the image, about to be run or opened. What costs something is asked for only if needed. */
export interface DriftedFile {
  /** Absolute path in the container. */
  readonly path: string;
  readonly place: Place;
  readonly size: number;
  /** The image holds a file of this path or origin which this one was copied up from, changed or not. */
  readonly fromImage: boolean;
  /**
   * The first bytes: at least `atMost` of them where the file has as many, and never more than 64 KiB. Few are
   * asked for at most opens, so that little is read while somebody waits.
   */
  head(atMost: number): Uint8Array;
  /** Lower-case hex; null when the file is too large to be hashed while somebody waits, or is being written. */
  sha256(): string | null;
  /**
   * Programs that had it open for writing since it came to be, as paths of files of the image.
   * Null when that is not known in full: it is older than the guard, or something else wrote to it.
   */
  writers(): readonly string[] | null;
}

/** The process that asks. */
export interface Opener {
  /** Path of its program in the container; null when it is gone or has none. */
  exe(): string | null;
  /** All words, or the first 64 KiB of them: what an interpreter is to run may stand behind many options. */
  commandLine(): readonly string[];
  /** Whether the open comes from the code of the dynamic loader: dlopen(3), LD_PRELOAD, a library needed. */
  fromLoader(): boolean;
  /** Flags of open(2); null when the system call is another (io_uring) or cannot be seen. */
  openFlags(): number | null;
  /**
   * Whether a word of its command line, taken as a path from its working directory, leads to the file, also through
   * symbolic links; false when that cannot be told. Asked for interpreters alone, for what names their script.
   */
  leadsHere(word: string): boolean;
  /**
   * Whether the process itself has the file open for writing at this moment. Asked for shells alone: Bash keeps a
   * large here-document in a file that it has open for writing while it opens it for reading.
   */
  isWriting(): boolean;
}

export interface Attempt {
  /** `execute`: execve(2) asks, for a program, a script's file or an interpreter. `open`: any open(2). */
  readonly kind: 'execute' | 'open';
  readonly image: string;
  readonly file: DriftedFile;
  readonly opener: Opener;
  readonly policy: ProtectionPolicy;
  /** Milliseconds since 1970, for expiry. */
  readonly now: number;
}

export type Verdict =
  | {
      readonly allowed: true;
      /**
       * The answer depends on nothing but the file's content and holds for every opener: it need not be asked
       * again until somebody writes to the file.
       */
      readonly lasting: boolean;
    }
  | {
      readonly allowed: false;
      readonly access: DeniedAccess;
      /** One sentence: which file, whose, why. */
      readonly reason: string;
      /** The narrowest exception that would allow it. */
      readonly allow: Exception;
    };
