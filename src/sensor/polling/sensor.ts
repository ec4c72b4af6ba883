import type { ChangeKind, WatchTarget } from '../../contract/index.ts';
import { messageOf } from '../../kernel/index.ts';
import { EventQueue } from '../event-queue.ts';
import type { ChangeSensor, SensorCapabilities, SensorEvent } from '../port.ts';

/** What an engine lists as changed in a container. */
export type ListChanges = (containerId: string) => Promise<readonly { kind: ChangeKind; path: string }[]>;

export interface PollingSensorOptions {
  readonly changes: ListChanges;
  /** Pause between two polls of all containers, in milliseconds. */
  readonly everyMs: number;
}

/** A listing makes the engine compare directory trees: polls take at most this part of the time. */
const MAX_SHARE = 0.2;

/**
 * A sensor for engines whose storage cannot be seen from here: asks the engine again and again what differs,
 * and reports what two answers in a row do not share. `events` is meant for one reader; while it is behind,
 * no poll is made.
 */
export function createPollingSensor(options: PollingSensorOptions): ChangeSensor {
  return new PollingSensor(options);
}

type Listing = ReadonlyMap<string, ChangeKind>;

class PollingSensor implements ChangeSensor {
  readonly kind = 'polling';
  readonly capabilities: SensorCapabilities = { realtime: false, attribution: false };

  readonly #changes: ListChanges;
  readonly #everyMs: number;
  /** By container id; null while the engine does not answer for it. */
  readonly #listings = new Map<string, Listing | null>();
  /** Since when the engine has not answered for a container, in milliseconds since 1970. */
  readonly #silentSince = new Map<string, number>();
  #outstanding = 0;
  readonly #queue = new EventQueue((count) => {
    this.#outstanding -= count;
  });
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: PollingSensorOptions) {
    this.#changes = options.changes;
    this.#everyMs = options.everyMs;
    this.#schedule(this.#everyMs);
  }

  blindSpots(): string[] {
    return [
      `The engine is asked every ${this.#everyMs / 1000} s: what appears and is gone in between is not seen.`,
      'A path that has changed once and changes again is seen by the next full scan only.',
      'The process that made a change is not known.',
    ];
  }

  async watch(target: WatchTarget): Promise<void> {
    this.#listings.set(target.id, await this.#list(target.id));
  }

  async unwatch(containerId: string): Promise<void> {
    this.#listings.delete(containerId);
    this.#silentSince.delete(containerId);
  }

  events(): AsyncIterable<SensorEvent> {
    return this.#queue.events();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#listings.clear();
    this.#queue.end();
  }

  #schedule(pause: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      const started = performance.now();
      void this.#pollAll().then(() => {
        const took = performance.now() - started;
        this.#schedule(Math.max(this.#everyMs, took / MAX_SHARE));
      });
    }, pause);
  }

  async #pollAll(): Promise<void> {
    for (const id of [...this.#listings.keys()]) {
      if (this.#closed || this.#outstanding > 0) return;
      await this.#poll(id);
    }
  }

  async #poll(id: string): Promise<void> {
    const before = this.#listings.get(id);
    let events: SensorEvent[];
    let now: Listing | null = null;
    try {
      now = await this.#list(id);
      events = differences(id, before ?? new Map(), now);
      const since = this.#silentSince.get(id) ?? Date.now();
      this.#silentSince.delete(id);
      if (before === null) events = [gap(id, 'the engine did not answer for a while', since)];
    } catch (error) {
      if (before !== null) this.#silentSince.set(id, Date.now());
      events = before === null ? [] : [gap(id, `the engine does not list changes: ${messageOf(error)}`)];
    }
    // It may have been taken off the list while the engine was busy.
    if (this.#closed || !this.#listings.has(id)) return;
    this.#listings.set(id, now);
    this.#outstanding += events.length;
    this.#queue.push(events);
  }

  async #list(id: string): Promise<Listing> {
    return new Map((await this.#changes(id)).map(({ kind, path }) => [path, kind]));
  }
}

/** @param since when it began, where it is over */
function gap(containerId: string, reason: string, since?: number): SensorEvent {
  const now = Date.now();
  if (since === undefined) return { type: 'gap', containerId, reason, at: now };
  return { type: 'gap', containerId, reason, at: since, lengthMs: now - since };
}

function differences(containerId: string, before: Listing, now: Listing): SensorEvent[] {
  const at = Date.now();
  const events: SensorEvent[] = [];
  for (const [path, kind] of now) {
    if (before.get(path) !== kind)
      events.push({ type: 'touched', containerId, path, operation: OPERATION[kind], at });
  }
  for (const [path, kind] of before) {
    // What is no longer listed is gone, or is again as the image has it.
    if (!now.has(path)) {
      const operation = kind === 'A' ? 'delete' : kind === 'D' ? 'create' : 'write';
      events.push({ type: 'touched', containerId, path, operation, at });
    }
  }
  return events;
}

const OPERATION = { A: 'create', C: 'write', D: 'delete' } as const;
