/**
 * The ports to whatever sees a container's filesystem. A {@link DriftReader} is the authority: it reads what
 * differs now. A {@link ChangeSensor} says at once that a path was touched, and by whom; what it says is
 * looked at through the reader before anyone believes it.
 */
import type {
  Change,
  ChangeKind,
  Drift,
  FileState,
  ProcessAttribution,
  WatchTarget,
} from '../contract/index.ts';

export interface ReadOptions {
  /** Whether regular files are hashed. */
  readonly hash: boolean;
  /** Files of more bytes than this are not hashed (`unhashed: 'too-large'`). */
  readonly maxHashBytes: number;
  readonly signal?: AbortSignal;
}

/**
 * What tells two states of a path apart at a glance: nothing inside a container sets a ctime, and a replaced
 * file has another inode.
 */
export type FileStamp = Pick<FileState, 'type' | 'mode' | 'size' | 'ctime' | 'inode'>;

/** Whether a change was seen before, by what the container has at the path now (null: nothing). */
export type IsKnown = (path: string, kind: ChangeKind, after: FileStamp | null) => boolean;

export interface StreamOptions extends ReadOptions {
  /** Changes that it answers true for are left out, before their attributes or content are read. */
  readonly isKnown?: IsKnown;
  /** Whether extended attributes are read of what only the container has; true when absent. */
  readonly attributes?: boolean;
}

/** The first bytes of a regular file. */
export interface FileSample {
  readonly bytes: Uint8Array;
  /** Size of the whole file in bytes; more than `bytes.length` when the sample is not all. */
  readonly size: number;
}

export interface DriftReader {
  readonly source: 'overlay' | 'api';
  /** What this reader cannot see of the container, each a sentence. */
  blindSpots(target: WatchTarget): string[];
  /** Everything that differs from the image, sorted, with renames recognised; as much as memory may hold. */
  scan(target: WatchTarget, options: ReadOptions): Promise<Drift>;
  /**
   * Everything that differs from the image in batches, in no order, as it is found: in bounded memory, however
   * much it is. Renames are not recognised, and a path that changes meanwhile may come twice.
   */
  scanStream(target: WatchTarget, options: StreamOptions): AsyncIterable<readonly Change[]>;
  /** One path; null when it is as the image has it. Never follows a link, never waits on a FIFO. */
  examine(target: WatchTarget, path: string, options: ReadOptions): Promise<Change | null>;
  /** Content in the container, at most `maxBytes`; null when the path is no regular file. */
  readCurrent(target: WatchTarget, path: string, maxBytes: number): Promise<FileSample | null>;
  /** Content in the image, at most `maxBytes`; null when the image has no regular file there. */
  readOriginal(target: WatchTarget, path: string, maxBytes: number): Promise<FileSample | null>;
}

export type SensorEvent =
  | {
      readonly type: 'touched';
      readonly containerId: string;
      /** Absolute path in the container. */
      readonly path: string;
      /** What the kernel saw; a hint, since several can fall together. `write` includes being copied up for it. */
      readonly operation: 'create' | 'write' | 'attributes' | 'delete' | 'rename';
      /** A directory moved to or from this path: what lies below it moved along without events of its own. */
      readonly subtree?: boolean;
      /** Milliseconds since 1970 at which the event was read from the kernel. */
      readonly at: number;
      readonly process?: ProcessAttribution;
    }
  | {
      /** Events may be missing: a rescan is due. `containerId` null means all containers. */
      readonly type: 'gap';
      readonly containerId: string | null;
      readonly reason: string;
      /** When it began. */
      readonly at: number;
      /** How long events may have been missed, in milliseconds, where that is known. */
      readonly lengthMs?: number;
    };

export interface SensorCapabilities {
  /** Events arrive as changes happen; otherwise at the polling interval. */
  readonly realtime: boolean;
  /** Events name the process. */
  readonly attribution: boolean;
}

export interface ChangeSensor {
  readonly kind: 'fanotify' | 'polling';
  readonly capabilities: SensorCapabilities;
  /** Sentences about what this sensor cannot see. */
  blindSpots(target: WatchTarget): string[];
  /** Resolves once every later change of the container will be reported. */
  watch(target: WatchTarget): Promise<void>;
  unwatch(containerId: string): Promise<void>;
  /** Events of all watched containers, in the kernel's order, until {@link close}. */
  events(): AsyncIterable<SensorEvent>;
  /** Ends the sensor: marks removed, threads joined, descriptors closed. Idempotent. */
  close(): Promise<void>;
}
