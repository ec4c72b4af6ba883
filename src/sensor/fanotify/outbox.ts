import type { ProcessAttribution } from '../../contract/index.ts';
import type { SensorEvent } from '../port.ts';
import { CELL } from './protocol.ts';

/** Between two reports of a gap in one container; a rescan takes its time, too. */
const GAP_EVERY_MS = 500;

/** Most bytes that may wait to be taken: paths and command lines are as long as an attacker likes. */
const MAX_BYTES = 64 << 20;
const EVENT_BYTES = 256;

interface Gap {
  readonly reason: string;
  readonly since: number;
}

/**
 * Hands events on, in batches, as long as those before them are taken: what goes over the limit is dropped
 * and becomes a gap, told once there is room again, after the last event that was dropped.
 */
export class Outbox {
  readonly #send: (events: SensorEvent[], size: number) => void;
  readonly #cells: Int32Array;
  readonly #limit: number;
  #batch: SensorEvent[] = [];
  #batchBytes = 0;
  /** A batch holds each process once, however many of its events name it. */
  readonly #batchProcesses = new Set<ProcessAttribution>();
  readonly #gaps = new Map<string | null, Gap>();
  #gapsToldAt = 0;

  /** @param cells shared with the receiver, which counts CELL.outstanding down */
  constructor(send: (events: SensorEvent[], size: number) => void, cells: Int32Array, limit: number) {
    this.#send = send;
    this.#cells = cells;
    this.#limit = limit;
  }

  add(event: SensorEvent): void {
    const events = Atomics.load(this.#cells, CELL.outstanding) + this.#batch.length;
    const bytes = Atomics.load(this.#cells, CELL.outstandingBytes) + this.#batchBytes;
    if (events >= this.#limit) {
      this.gap(event.containerId, `more than ${this.#limit} events waited to be taken`, event.at);
    } else if (bytes >= MAX_BYTES) {
      this.gap(event.containerId, `more than ${MAX_BYTES} bytes of events waited to be taken`, event.at);
    } else {
      this.#put(event);
    }
  }

  #put(event: SensorEvent): void {
    this.#batch.push(event);
    this.#batchBytes += EVENT_BYTES;
    if (event.type !== 'touched') return;
    this.#batchBytes += event.path.length;
    if (event.process === undefined || this.#batchProcesses.has(event.process)) return;
    this.#batchProcesses.add(event.process);
    this.#batchBytes += sizeOf(event.process);
  }

  /** Events of a container (null: of any) were or may have been missed, from a time on until now. */
  gap(containerId: string | null, reason: string, since: number): void {
    if (!this.#gaps.has(containerId)) this.#gaps.set(containerId, { reason, since });
  }

  /** Sends what has gathered. */
  flush(now: number): void {
    if (this.#gapsDue(now)) {
      for (const [containerId, { reason, since }] of this.#gaps) {
        this.#put({ type: 'gap', containerId, reason, at: since, lengthMs: Math.max(0, now - since) });
      }
      this.#gaps.clear();
      this.#gapsToldAt = now;
    }
    if (this.#batch.length === 0) return;
    Atomics.add(this.#cells, CELL.outstanding, this.#batch.length);
    Atomics.add(this.#cells, CELL.outstandingBytes, this.#batchBytes);
    this.#send(this.#batch, this.#batchBytes);
    this.#batch = [];
    this.#batchBytes = 0;
    this.#batchProcesses.clear();
  }

  #gapsDue(now: number): boolean {
    if (this.#gaps.size === 0 || now - this.#gapsToldAt < GAP_EVERY_MS) return false;
    const events = Atomics.load(this.#cells, CELL.outstanding) + this.#batch.length;
    const bytes = Atomics.load(this.#cells, CELL.outstandingBytes) + this.#batchBytes;
    return events <= this.#limit / 2 && bytes <= MAX_BYTES / 2;
  }
}

/** Bytes that a process's description takes, roughly. */
function sizeOf(process: ProcessAttribution): number {
  let size = EVENT_BYTES;
  for (const one of [process, ...(process.ancestry ?? [])]) {
    size += EVENT_BYTES + (one.exe?.length ?? 0);
    for (const word of one.commandLine ?? []) size += 32 + word.length;
  }
  return size;
}
