import type { Readable } from 'node:stream';
import type { Change, ChangeKind, Drift, FileState, WatchTarget } from '../../contract/index.ts';
import { type Clock, encodePathBytes, PristineError, systemClock } from '../../kernel/index.ts';
import { mountSentence } from '../overlay/blind-spots.ts';
import { markMountpoints } from '../overlay/mountpoints.ts';
import type { DriftReader, FileSample, ReadOptions, StreamOptions } from '../port.ts';
import { RecentListings } from './recent-listings.ts';
import type { ListChanges } from './sensor.ts';
import { readSample, readState } from './tar-entry.ts';

export interface ApiReaderOptions {
  readonly changes: ListChanges;
  /** A path of the container as a tar stream; throws E_NO_SUCH_PATH. */
  readonly readPath: (containerId: string, path: string) => Promise<Readable>;
  readonly clock?: Clock;
}

/** Paths that are asked for at the same time. */
const PARALLEL = 4;
/** So many changes are handed on at once. */
const BATCH = 1000;

/**
 * A reader for engines whose storage cannot be seen from here: takes the engine's own list of changes, and
 * reads each path through its archive call. What the image holds is not known: `before` is null and nothing
 * `differs` in a change of kind C, and there is no original content.
 */
export function createApiReader(options: ApiReaderOptions): DriftReader {
  return new ApiReader(options);
}

class ApiReader implements DriftReader {
  readonly source = 'api';
  readonly #options: ApiReaderOptions;
  readonly #listings: RecentListings;

  constructor(options: ApiReaderOptions) {
    this.#options = options;
    this.#listings = new RecentListings(options.changes);
  }

  blindSpots(target: WatchTarget): string[] {
    return [
      ...target.mounts.filter(({ writable }) => writable).map(mountSentence),
      'The engine lists what changed, not what the image held: states before and the original content are unknown.',
      'Extended attributes, file capabilities and names that are not UTF-8 do not pass through the engine unharmed and are not looked at.',
      'Sockets have no state, as the engine leaves them out of its archives.',
    ];
  }

  async scan(target: WatchTarget, options: ReadOptions): Promise<Drift> {
    const takenAt = (this.#options.clock ?? systemClock).now().toISOString();
    const changes: Change[] = [];
    for await (const batch of this.scanStream(target, options)) changes.push(...batch);
    changes.sort((a, b) => Buffer.compare(encodePathBytes(a.path), encodePathBytes(b.path)));
    const { id, name, image, imageId } = target;
    return {
      container: { id, name, image, imageId },
      takenAt,
      source: 'api',
      changes,
      blindSpots: this.blindSpots(target),
    };
  }

  /** The engine's list of paths lies in memory whole, as the engine sends it; their states do not. */
  async *scanStream(target: WatchTarget, options: StreamOptions): AsyncGenerator<readonly Change[]> {
    const listed = await this.#options.changes(target.id);
    for (let at = 0; at < listed.length; at += BATCH) {
      const left = listed.slice(at, at + BATCH);
      const changes: Change[] = [];
      const work = async (): Promise<void> => {
        for (let next = left.pop(); next !== undefined; next = left.pop()) {
          options.signal?.throwIfAborted();
          changes.push(await this.#change(target, next.kind, next.path, options));
        }
      };
      await Promise.all(Array.from({ length: PARALLEL }, work));
      markMountpoints(changes, target);
      yield changes.filter(({ path, kind, after }) => options.isKnown?.(path, kind, after) !== true);
    }
  }

  async examine(target: WatchTarget, path: string, options: ReadOptions): Promise<Change | null> {
    let kind = (await this.#listings.recent(target.id)).get(path);
    let change = kind === undefined ? null : await this.#change(target, kind, path, options);
    if (change === null || (change.after === null && kind !== 'D')) {
      // Not listed, or no longer there: the list may be older than what made the caller ask.
      kind = (await this.#listings.fresh(target.id)).get(path);
      change = kind === undefined ? null : await this.#change(target, kind, path, options);
    }
    if (change !== null) markMountpoints([change], target);
    return change;
  }

  async readCurrent(target: WatchTarget, path: string, maxBytes: number): Promise<FileSample | null> {
    const archive = await this.#open(target.id, path);
    return archive === null ? null : readSample(archive, maxBytes);
  }

  async readOriginal(): Promise<FileSample | null> {
    return null;
  }

  async #change(target: WatchTarget, kind: ChangeKind, path: string, options: ReadOptions): Promise<Change> {
    const after = kind === 'D' ? null : await this.#state(target.id, path, options);
    return { path, kind, before: null, after, differs: [], identical: false };
  }

  async #state(id: string, path: string, options: ReadOptions): Promise<FileState | null> {
    const archive = await this.#open(id, path);
    return archive === null ? null : readState(archive, options);
  }

  async #open(id: string, path: string): Promise<Readable | null> {
    try {
      return await this.#options.readPath(id, path);
    } catch (error) {
      if (error instanceof PristineError && error.code === 'E_NO_SUCH_PATH') return null;
      throw error;
    }
  }
}
