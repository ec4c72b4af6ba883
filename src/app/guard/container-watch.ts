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

/** A scan tells so many changes at once: nobody has to wait for the last of a million. */
const TOLD_AT_A_TIME = 1000;

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
  readonly onGapClosed: (gap: string) => void;
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
  #gaps: string[] = [];
  #work: Promise<void> | null = null;

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
   */
  rescan(gap?: string): void {
    this.#scanDue = true;
    if (gap !== undefined && !this.#gaps.includes(gap)) this.#gaps.push(gap);
    this.#wake();
  }

  /** Ends the watch; a look that is under way is finished first. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#queue.clear();
    await this.#work;
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
      const due = this.#queue.take(Date.now());
      if (due.length > 0) {
        await this.#guarded('looking at changed paths', () => this.#look(due));
        continue;
      }
      if (this.#scanDue) {
        this.#scanDue = false;
        await this.#guarded('scanning', () => this.#scan());
        continue;
      }
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
      const { name } = this.details;
      this.#options.logger.warn({ container: name, error: messageOf(error) }, `${doing} failed`);
    }
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

  async #scan(): Promise<void> {
    const gaps = this.#gaps;
    this.#gaps = [];
    const quick: ReadOptions = { hash: false, maxHashBytes: 0, signal: this.#stop.signal };
    const { changes } = await this.reader.scan(this.details, quick);
    const fresh = changes.filter((change) => !this.#known.has(change));
    const hashing: ReadOptions = { ...quick, hash: true, maxHashBytes: EVENT_HASH_BYTES };
    for (let at = 0; at < fresh.length && !this.#stop.signal.aborted; at += TOLD_AT_A_TIME) {
      const hashed: Change[] = [];
      for (const { path } of fresh.slice(at, at + TOLD_AT_A_TIME)) {
        const change = await this.reader.examine(this.details, path, hashing);
        if (change !== null) hashed.push(change);
      }
      await this.#tell(hashed, new Map());
    }
    for (const gap of gaps) this.#options.onGapClosed(gap);
  }

  async #tell(changes: readonly Change[], eventTimes: ReadonlyMap<string, number>): Promise<void> {
    if (changes.length === 0 || this.#stop.signal.aborted) return;
    const subject = containerSubject(this.details, this.reader, this.policy);
    const evaluation = await assess(subject, changes, new Date());
    for (const change of changes) this.#known.add(change);
    await this.#options.onObservation({ evaluation, eventTimes });
  }
}
