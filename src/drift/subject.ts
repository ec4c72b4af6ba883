import type { Change } from '../contract/index.ts';

/** The first bytes of a file's present content, at most {@link SAMPLE_BYTES}. */
export interface Content {
  readonly bytes: Uint8Array;
  /** Whether the file goes on after these bytes. */
  readonly truncated: boolean;
}

/** How much of a file rules want to see, in bytes. */
export const SAMPLE_BYTES = 256 * 1024;

/** What is known of the container that the change is in. */
export interface ImageFacts {
  /** Entrypoint and command as one argument list. */
  readonly entrypoint: readonly string[];
  /** Absolute path; `/` when the image says nothing. */
  readonly workingDirectory: string;
  /** Globs of document roots beside the usual ones. */
  readonly webRoots?: readonly string[];
}

/** One change with everything that a rule may look at. */
export interface Subject {
  readonly change: Change;
  readonly content?: Content;
  readonly image: ImageFacts;
  /** Where a log rotation put this log's earlier lines; set by `evaluate` from the other changes. */
  readonly rotatedTo?: string;
}

/**
 * Whether rules need a sample of the file's content to judge this change: it is a regular file that is new or
 * may hold other bytes than the image's.
 */
export function needsContent(change: Change): boolean {
  const { after } = change;
  if (after?.type !== 'file' || after.size === 0 || change.identical) return false;
  if (change.kind === 'A') return true;
  return change.differs.some((attribute) => ['content', 'size', 'type', 'mode'].includes(attribute));
}
