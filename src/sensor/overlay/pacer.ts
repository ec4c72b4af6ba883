import { setImmediate } from 'node:timers/promises';

/** Longest stretch of milliseconds in which nothing else of the process gets its turn. */
const SLICE_MS = 10;

/** Lets long work give way: ask {@link due} often (it is cheap) and await {@link pause} when it says so. */
export class Pacer {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    signal?.throwIfAborted();
  }

  get aborted(): boolean {
    return this.#signal?.aborted ?? false;
  }

  due(): boolean {
    return performance.now() - this.#since > SLICE_MS;
  }

  /** Gives the event loop its turn. @throws the signal's reason once it is aborted */
  async pause(): Promise<void> {
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }
}
