/** What the sensor and its worker thread tell each other. */
import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '../../kernel/index.ts';
import type { SensorEvent } from '../port.ts';

/** The part of a watch target that the worker needs. */
export interface WatchedLayer {
  readonly id: string;
  readonly upper: string;
  readonly lower: readonly string[];
  /** Pid of the container's init in the host's namespace; null when it does not run. */
  readonly initPid: number | null;
}

export type WorkerRequest =
  | { readonly type: 'watch'; readonly number: number; readonly layer: WatchedLayer }
  | { readonly type: 'unwatch'; readonly number: number; readonly id: string };

/** An error on its way between threads, which keep no classes. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly next: string;
}

export type WorkerReport =
  | { readonly type: 'ready'; readonly sharesProcesses: boolean }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'done'; readonly number: number; readonly failure: Failure | null }
  | { readonly type: 'events'; readonly events: readonly SensorEvent[]; readonly size: number };

export interface WorkerStart {
  readonly requests: MessagePort;
  /** An eventfd: readable when there is a request or the end has come. */
  readonly wakeFd: number;
  /** 32-bit cells, see {@link CELL}. */
  readonly cells: SharedArrayBuffer;
  /** Most events that may wait, in the kernel's queue and between the threads alike. */
  readonly backlog: number;
}

export const CELLS_BYTES = 12;

/** Indexes into {@link WorkerStart.cells}. */
export const CELL = {
  /** Events that were sent and not yet taken by whoever iterates. */
  outstanding: 0,
  /** What they take in memory, roughly, in bytes. */
  outstandingBytes: 2,
  /** 1 when the worker is to end. */
  closing: 1,
} as const;
