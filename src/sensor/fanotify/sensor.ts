import { release } from 'node:os';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { WatchTarget } from '../../contract/index.ts';
import { messageOf, PristineError } from '../../kernel/index.ts';
import { closeDescriptor, kernelAtLeast, openWakeFd, wake } from '../../linux/index.ts';
import { EventQueue } from '../event-queue.ts';
import type { ChangeSensor, SensorCapabilities, SensorEvent } from '../port.ts';
import {
  CELL,
  CELLS_BYTES,
  type Failure,
  type WorkerReport,
  type WorkerRequest,
  type WorkerStart,
} from './protocol.ts';

export interface FanotifySensorOptions {
  /** Most events that may wait, in the kernel's queue and for whoever iterates alike; more become a gap. */
  readonly backlog?: number;
}

const DEFAULT_BACKLOG = 100_000;

/**
 * A sensor that sees changes as they happen: one fanotify(7) group on the filesystems that hold the watched
 * containers' upper layers, read by a worker thread. It needs root and Linux 5.17.
 *
 * `close` (or the end of the process) takes every mark away. `events` is meant for one reader.
 *
 * @throws {PristineError} E_NEEDS_ROOT without CAP_SYS_ADMIN, E_NOT_SUPPORTED where the kernel has not what it takes
 */
export async function createFanotifySensor(options: FanotifySensorOptions = {}): Promise<ChangeSensor> {
  if (process.platform !== 'linux') {
    throw new PristineError('E_NOT_SUPPORTED', 'fanotify is a part of Linux', {
      next: 'Run Pristine on the machine that runs the containers; elsewhere it polls the engine.',
    });
  }
  const sensor = new FanotifySensor(options.backlog ?? DEFAULT_BACKLOG);
  try {
    await sensor.ready();
    return sensor;
  } catch (error) {
    await sensor.close();
    throw error;
  }
}

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

class FanotifySensor implements ChangeSensor {
  readonly kind = 'fanotify';
  readonly capabilities: SensorCapabilities = { realtime: true, attribution: true };

  readonly #worker: Worker;
  readonly #requests: MessagePort;
  readonly #wakeFd = openWakeFd();
  readonly #cells = new Int32Array(new SharedArrayBuffer(CELLS_BYTES));
  readonly #queue = new EventQueue((events, size) => {
    Atomics.sub(this.#cells, CELL.outstanding, events);
    Atomics.sub(this.#cells, CELL.outstandingBytes, size);
  });
  readonly #waiting = new Map<number, Waiter>();
  readonly #ended: Promise<void>;
  readonly #endWorker = (): void => {
    Atomics.store(this.#cells, CELL.closing, 1);
    wake(this.#wakeFd);
  };
  #lastNumber = READY;
  #failure: Error | null = null;
  #sharesProcesses = false;
  #closed: Promise<void> | null = null;

  constructor(backlog: number) {
    const { port1, port2 } = new MessageChannel();
    this.#requests = port1;
    const start: WorkerStart = {
      requests: port2,
      wakeFd: this.#wakeFd,
      cells: this.#cells.buffer as SharedArrayBuffer,
      backlog,
    };
    // From source the worker is a .ts file, in the published package a .js file, as this one is.
    const entry = import.meta.url.endsWith('.ts')
      ? new URL('./worker.ts', import.meta.url)
      : new URL('./worker.js', import.meta.url);
    this.#worker = new Worker(entry, {
      workerData: start,
      transferList: [port2],
      // Options such as --input-type are about the main program.
      execArgv: [],
      // A flood makes garbage at a rate that would let the young generation grow to many times what is alive.
      resourceLimits: { maxYoungGenerationSizeMb: 12 },
      // Its descriptors come from system calls that Node does not know of; it closes them itself.
      trackUnmanagedFds: false,
    });
    this.#worker.on('message', (report: WorkerReport) => this.#receive(report));
    this.#worker.on('error', (error) => this.#fail(workerDied(error)));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#fail(workerDied(new Error('it ended by itself')));
        resolve();
      });
    });
    // A blocked worker would hold up process.exit until its wait is over.
    process.once('exit', this.#endWorker);
  }

  ready(): Promise<void> {
    return this.#answer(READY);
  }

  blindSpots(): string[] {
    return [
      ...(kernelAtLeast(6, 5)
        ? []
        : [
            `Linux ${release()} does not report writes to files that were changed before; the next scan finds them.`,
          ]),
      ...(this.#sharesProcesses
        ? []
        : ['Processes that live only for milliseconds may go unnamed: the process connector is refused.']),
    ];
  }

  async watch(target: WatchTarget): Promise<void> {
    if (target.overlay === null) {
      throw new PristineError(
        'E_NOT_SUPPORTED',
        `the filesystem of ${target.name} is no overlay on this host`,
        {
          next: 'Watch it by polling the engine.',
        },
      );
    }
    const { id, pid } = target;
    const { upper, lower } = target.overlay;
    await this.#request({
      type: 'watch',
      number: ++this.#lastNumber,
      layer: { id, upper, lower, initPid: pid },
    });
  }

  unwatch(containerId: string): Promise<void> {
    return this.#request({ type: 'unwatch', number: ++this.#lastNumber, id: containerId });
  }

  events(): AsyncIterable<SensorEvent> {
    return this.#queue.events();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#queue.end();
    this.#fail(closedError());
    this.#endWorker();
    await this.#ended;
    process.off('exit', this.#endWorker);
    this.#requests.close();
    closeDescriptor(this.#wakeFd);
  }

  #request(request: WorkerRequest): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    this.#requests.postMessage(request);
    wake(this.#wakeFd);
    return this.#answer(request.number);
  }

  #answer(number: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
    });
  }

  #settle(number: number, failure: Failure | null): void {
    const waiter = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (failure === null) waiter?.resolve();
    else waiter?.reject(errorOf(failure));
  }

  #receive(report: WorkerReport): void {
    if (report.type === 'events') this.#queue.push(report.events, report.size);
    else if (report.type === 'done') this.#settle(report.number, report.failure);
    else if (report.type === 'failed') this.#fail(errorOf(report.failure));
    else {
      this.#sharesProcesses = report.sharesProcesses;
      this.#settle(READY, null);
    }
  }

  /** Whoever waits, now or later, is told; only the first failure counts. */
  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#queue.end(error);
    for (const waiter of this.#waiting.values()) waiter.reject(error);
    this.#waiting.clear();
  }
}

/** Stands for the worker's first word among the numbers of requests. */
const READY = 0;

function errorOf({ code, message, next }: Failure): PristineError {
  if (message.includes('EPERM')) {
    return new PristineError('E_NEEDS_ROOT', `watching changes as they happen needs root: ${message}`, {
      next: 'Run Pristine as root on the machine that runs the containers; otherwise it polls the engine.',
    });
  }
  return new PristineError(code, message, { next });
}

function workerDied(error: unknown): PristineError {
  return new PristineError('E_INTERNAL', `the sensor's thread has ended: ${messageOf(error)}`, {
    next: 'Start Pristine again and report this with its log.',
    cause: error,
  });
}

function closedError(): PristineError {
  return new PristineError('E_INTERNAL', 'the sensor is closed', { next: 'Create another sensor.' });
}
