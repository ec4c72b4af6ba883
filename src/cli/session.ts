import type { App } from '../app/index.ts';
import type { Output } from './render/output.ts';
import type { Progress } from './render/progress.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  /** Folder that holds everything Pristine keeps. */
  readonly state: string;
  readonly json?: boolean;
  readonly logLevel: string;
}

/** What a command works with. */
export interface Session {
  readonly options: GlobalOptions;
  readonly out: Output;
  readonly progress: Progress;
  /** Says at once, on standard error, what the reader should know now. */
  note(sentence: string): void;
  /** Aborts on SIGINT and SIGTERM, and when nobody reads the output any more. */
  readonly signal: AbortSignal;
  /** The use cases, put together when first asked for. */
  app(): Promise<App>;
}

/**
 * What an interrupt (SIGINT, SIGTERM) does to a command once its signal has aborted: `end` ends the process at
 * once; `finish` waits until the command has cleaned up, and a second interrupt ends it at once; `success` is
 * `finish` for commands that are meant to be ended so.
 */
export type OnInterrupt = 'end' | 'finish' | 'success';

/** Runs a command's work; the exit code is what it answers with, or 0. */
export type Runner = (
  work: (session: Session) => Promise<number> | Promise<void>,
  onInterrupt?: OnInterrupt,
) => Promise<void>;
