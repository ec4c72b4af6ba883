import type { FileStatus, SafeDirectory } from '../../linux/index.ts';
import type { Omissions } from '../omissions.ts';

export interface TreeOptions {
  /** An overlay's upper directory: whiteouts and opaque directories are written as OCI layers have them. */
  readonly overlay: boolean;
  /** What to call the tree in omissions, e.g. `tmpfs /dev/shm`. */
  readonly title: string;
  readonly omissions: Omissions;
  /** Bounds the data that is kept; none when absent. */
  readonly budget?: DataBudget;
  readonly signal?: AbortSignal;
}

/** Bytes of files' data that may still be kept, of several trees together. */
export interface DataBudget {
  left: number;
}

/** What is known of an entry while it is written. */
export interface Entry {
  readonly directory: SafeDirectory;
  readonly name: string;
  /** Relative to the tree's root. */
  readonly path: string;
  readonly status: FileStatus;
}
