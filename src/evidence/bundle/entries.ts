/** What a bundle holds, however it is stored. */
import type { VerifyProblem } from '../../contract/index.ts';

/** An open file of a bundle. */
export interface OpenEntry extends AsyncDisposable {
  /** At most `length` bytes from `offset`, empty at the end; good until the next call. */
  read(offset: number, length: number): Promise<Buffer>;
}

export interface BundleEntry {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** The same for two names of one file. */
  readonly identity: string;
  /** The file has far fewer bytes on disk than its size says. */
  readonly sparse: boolean;
  /** @throws {Error} when it is no longer the regular file that it was */
  open(): Promise<OpenEntry>;
}

export interface BundleSource extends AsyncDisposable {
  readonly entries: ReadonlyMap<string, BundleEntry>;
  /** Directories, by their path in the bundle. */
  readonly directories: readonly string[];
  /** Whatever is neither a plain file nor a directory. */
  readonly problems: readonly VerifyProblem[];
}

/** More files than that are in no bundle of ours. */
export const MOST_ENTRIES = 200_000;
