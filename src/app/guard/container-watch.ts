import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Change, Policy } from '../../contract/index.ts';
import type { Evaluation } from '../../drift/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { type Logger, messageOf } from '../../kernel/index.ts';
import type { DriftReader, ReadOptions, SensorEvent } from '../../sensor/index.ts';
import { assess } from '../assess.ts';
import { containerSubject } from '../drift-subject.ts';
import { KnownChanges } from './known-changes.ts';
import { PathQueue, type TouchedPath } from './path-queue.ts';

/** A file that is larger is judged by its type, mode and first bytes while events come in; the evidence has its hash. */
const EVENT_HASH_BYTES = 64 * 1024 * 1024;

/** So many paths are looked at before any of them is judged: nobody waits for the last of thousands. */
const LOOKED_AT_TOGETHER = 500;

/** After so long what could not be told is looked for again. */
const TELL_AGAIN_AFTER_MS = 5000;

/** What was found at one look. */
export interface Observation {
  readonly evaluation: Evaluation;
  /** Milliseconds since 1970 of each path's first event; absent for what a scan found. */
  readonly eventTimes: ReadonlyMap<string, number>;
}

export interface ContainerWatchOptions {
  readonly details: ContainerDetails;
  readonly policy: Policy;
  readonly reader: DriftReader;
  readonly logger: Logger;
  readonly onObservation: (observation: Observation) => Promise<void>;
  /** A scan that made a gap good is over. */
  readonly onGapClosed: (reason: string, lengthMs?: number) => void;
}

interface Gap {
  readonly reason: string;
  readonly lengthMs?: number;
}

type Touched = Extract<SensorEvent, { type: 'touched' }>;

/** Follows one container: looks at what the sensor reports, scans when asked, and tells each new change once. */
export class ContainerWatch {
  details: ContainerDetails;
  readonly policy: Policy;
  readonly #options: ContainerWatchOptions;
  readonly #queue = new PathQueue();
  readonly #known = new KnownChanges();
  readonly #stop = new AbortController();
  #scanDue = false;
  /** Gaps that the next scan makes good. */
  #gaps: Gap[] = [];
  #work: Promise<void> | null = null;
  /** Who waits for the end of a scan that has not begun yet. */
  #waiting: (() => void)[] = [];

  /** Until what could not be told is looked for again. */
  #retry: NodeJS.Timeout | null = null;

  constructor(options: ContainerWatchOptions) {
    this.details = options.details;
    this.policy = options.policy;
    this.#options = options;
  }

  get reader(): DriftReader {
    return this.#options.reader;
  }

  touched(event: Touched): void {
    const queued = this.#queue.add(event);
    if (!queued) this.rescan('more changed paths at once than are looked at one by one');
    // A directory that moved brings paths along that no event names.
    else if (event.subtree === true) this.rescan();
    else this.#wake();
  }

  /**
   * Looks at everything as soon as the current look is over.
   * @param gap why events may be missing, when that is the reason
   * @param lengthMs how long they were, where that is known
   */
  rescan(gap?: string, lengthMs?: number): void {
    this.#scanDue = true;
    if (gap !== undefined && !this.#gaps.some(({ reason }) => reason === gap))
      this.#gaps.push({ reason: gap, ...(lengthMs === undefined ? {} : { lengthMs }) });
    this.#wake();
  }

  /** Looks at everything once more; resolves when that is done, and told. */
  async lookOnceMore(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const looked = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.rescan();
    await looked;
  }

  /** Ends the watch; a look that is under way is finished first. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#queue.clear();
    await this.#work;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#work ??= this.#drain().finally(() => {
      this.#work = null;
      // Something may have come in between the last look and here.
      if (this.#scanDue || this.#queue.nextDue(Date.now()) !== null) this.#wake();
    });
  }

  async #drain(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const looked = await this.#lookAtDue();
      // In turn with looking, or a container that never rests would never be scanned.
      if (this.#scanDue) {
        this.#scanDue = false;
        const waiting = this.#waiting.splice(0);
        await this.#guarded('scanning', () => this.#scan());
        for (const resolve of waiting) resolve();
        continue;
      }
      if (looked) continue;
      const wait = this.#queue.nextDue(Date.now());
      if (wait === null) return;
      await sleep(wait, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
  }

  /** One failed look must not end the watch; the next scan makes it good. */
  async #guarded(doing: string, look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const { name, overlay } = this.details;
      // A container that was removed takes its layers along, a moment before its removal is told.
      const isGone = overlay !== null && !existsSync(overlay.upper);
      this.#options.logger[isGone ? 'debug' : 'warn'](
        { container: name, error: messageOf(error) },
        `${doing} failed`,
      );
    }
  }

  /** Looks at the paths that are due; answers whether there were any. */
  async #lookAtDue(): Promise<boolean> {
    const due = this.#queue.take(Date.now());
    for (let at = 0; at < due.length && !this.#stop.signal.aborted; at += LOOKED_AT_TOGETHER) {
      const some = due.slice(at, at + LOOKED_AT_TOGETHER);
      await this.#guarded('looking at changed paths', () => this.#look(some));
    }
    return due.length > 0;
  }

  async #look(touched: readonly TouchedPath[]): Promise<void> {
    const options: ReadOptions = { hash: true, maxHashBytes: EVENT_HASH_BYTES, signal: this.#stop.signal };
    const changes: Change[] = [];
    for (const { path, at, process } of touched) {
      const change = await this.reader.examine(this.details, path, options);
      if (change === null) this.#known.forget(path);
      else if (!this.#known.has(change)) {
        const seenAt = new Date(at).toISOString();
        changes.push({ ...change, seenAt, ...(process === undefined ? {} : { process }) });
      }
    }
    await this.#tell(changes, new Map(touched.map(({ path, at }) => [path, at])));
  }

  /** What is known and settled costs a glance; the rest is hashed and judged as it is found, a batch at a time. */
  async #scan(): Promise<void> {
    const gaps = this.#gaps;
    this.#gaps = [];
    const { signal } = this.#stop;
    const { knows } = this.#known;
    const options = { hash: true, maxHashBytes: EVENT_HASH_BYTES, signal, isKnown: knows };
    try {
      for await (const found of this.reader.scanStream(this.details, options)) {
        const fresh = found.filter((change) => !this.#known.has(change));
        await this.#tell(fresh, new Map());
        // Who touches a file now does not wait for the end of a long scan.
        await this.#lookAtDue();
      }
    } catch (error) {
      // They are still open: the next scan closes them.
      this.#gaps.unshift(...gaps);
      throw error;
    }
    for (const { reason, lengthMs } of gaps) this.#options.onGapClosed(reason, lengthMs);
  }

  async #tell(changes: readonly Change[], eventTimes: ReadonlyMap<string, number>): Promise<void> {
    if (changes.length === 0 || this.#stop.signal.aborted) return;
    const subject = containerSubject(this.details, this.reader, this.policy);
    const evaluation = await assess(subject, changes, new Date());
    try {
      await this.#options.onObservation({ evaluation, eventTimes });
    } catch (error) {
      this.#retry ??= setTimeout(() => {
        this.#retry = null;
        this.rescan();
      }, TELL_AGAIN_AFTER_MS).unref();
      throw error;
    }
    // Not before: what could not be told, as on a full disk, must be found again.
    for (const change of changes) this.#known.add(change);
  }
}
