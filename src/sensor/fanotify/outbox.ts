import type { SensorEvent } from '../port.ts';
import { CELL } from './protocol.ts';

/** Between two reports of a gap in one container; a rescan takes its time, too. */
const GAP_EVERY_MS = 500;

interface Gap {
  readonly reason: string;
  readonly since: number;
}

/**
 * Hands events on, in batches, as long as those before them are taken: what goes over the limit is dropped
 * and becomes a gap, told once there is room again, after the last event that was dropped.
 */
export class Outbox {
  readonly #send: (events: SensorEvent[]) => void;
  readonly #cells: Int32Array;
  readonly #limit: number;
  #batch: SensorEvent[] = [];
  readonly #gaps = new Map<string | null, Gap>();
  #gapsToldAt = 0;

  /** @param cells shared with the receiver, which counts CELL.outstanding down */
  constructor(send: (events: SensorEvent[]) => void, cells: Int32Array, limit: number) {
    this.#send = send;
    this.#cells = cells;
    this.#limit = limit;
  }

  add(event: SensorEvent): void {
    if (Atomics.load(this.#cells, CELL.outstanding) + this.#batch.length < this.#limit) {
      this.#batch.push(event);
    } else {
      this.gap(event.containerId, `more than ${this.#limit} events waited to be taken`, event.at);
    }
  }

  /** Events of a container (null: of any) were or may have been missed. */
  gap(containerId: string | null, reason: string, now: number): void {
    if (!this.#gaps.has(containerId)) this.#gaps.set(containerId, { reason, since: now });
  }

  /** Sends what has gathered. */
  flush(now: number): void {
    if (this.#gapsDue(now)) {
      for (const [containerId, { reason, since }] of this.#gaps) {
        this.#batch.push({ type: 'gap', containerId, reason, at: since });
      }
      this.#gaps.clear();
      this.#gapsToldAt = now;
    }
    if (this.#batch.length === 0) return;
    Atomics.add(this.#cells, CELL.outstanding, this.#batch.length);
    this.#send(this.#batch);
    this.#batch = [];
  }

  #gapsDue(now: number): boolean {
    if (this.#gaps.size === 0 || now - this.#gapsToldAt < GAP_EVERY_MS) return false;
    return Atomics.load(this.#cells, CELL.outstanding) + this.#batch.length <= this.#limit / 2;
  }
}
