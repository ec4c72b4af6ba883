import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { closeDescriptor, openWakeFd, wake } from '../../../linux/index.ts';
import type { TraceReport, TraceRequest, TraceStart, TraceWord } from './protocol.ts';

/** Reads what the kernel's trace tells of containers, in a thread of its own. */
export class TraceReader implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #requests: MessagePort;
  readonly #wakeFd = openWakeFd();
  readonly #closing = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting = new Map<number, () => void>();
  readonly #listeners = new Set<(word: TraceWord) => void>();
  readonly #ended: Promise<void>;
  readonly #end = (): void => {
    Atomics.store(this.#closing, 0, 1);
    wake(this.#wakeFd);
  };
  #lastNumber = 0;
  #over = false;
  #closed: Promise<void> | null = null;
  #ready: ((answer: 'ready' | string) => void) | null = null;
  /** Whether the kernel tells of capabilities too. */
  seesCapabilities = false;

  private constructor(wanted: TraceStart['wanted']) {
    const { port1, port2 } = new MessageChannel();
    this.#requests = port1;
    const start: TraceStart = {
      requests: port2,
      wakeFd: this.#wakeFd,
      closing: this.#closing.buffer as SharedArrayBuffer,
      wanted,
    };
    // From source the worker is a .ts file, in the published package a .js file, as this one is.
    const entry = import.meta.url.endsWith('.ts')
      ? new URL('./worker.ts', import.meta.url)
      : new URL('./worker.js', import.meta.url);
    this.#worker = new Worker(entry, {
      workerData: start,
      transferList: [port2],
      execArgv: [],
      // Its descriptors come from system calls that Node does not know of; it closes them itself.
      trackUnmanagedFds: false,
    });
    this.#worker.on('message', (message: TraceReport) => this.#receive(message));
    this.#worker.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#over = true;
        this.#ready?.('its thread has ended');
        for (const done of this.#waiting.values()) done();
        this.#waiting.clear();
        resolve();
      });
    });
    // So that the instance is removed, and the thread's wait does not hold the end up.
    process.once('exit', this.#end);
  }

  /** @returns null where the kernel or this user's rights do not allow it */
  static async open(wanted: TraceStart['wanted']): Promise<TraceReader | null> {
    if (process.platform !== 'linux') return null;
    const reader = new TraceReader(wanted);
    const answer = await new Promise<string>((resolve) => {
      reader.#ready = resolve;
    });
    reader.#ready = null;
    if (answer === 'ready') return reader;
    await reader[Symbol.asyncDispose]();
    return null;
  }

  /** Has a function called for each word. @returns what ends that */
  listen(listener: (word: TraceWord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param pids threads that run in the container already; whom it starts later is noticed */
  watch(id: string, pids: readonly number[] = []): Promise<void> {
    return this.#request({ type: 'watch', number: ++this.#lastNumber, id, pids });
  }

  unwatch(id: string): Promise<void> {
    return this.#request({ type: 'unwatch', number: ++this.#lastNumber, id });
  }

  /** Resolves when everything that happened so far was told. */
  flush(): Promise<void> {
    return this.#request({ type: 'flush', number: ++this.#lastNumber });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#end();
    await this.#ended;
    process.off('exit', this.#end);
    this.#requests.close();
    closeDescriptor(this.#wakeFd);
  }

  #request(request: TraceRequest): Promise<void> {
    if (this.#over) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.set(request.number, resolve);
      this.#requests.postMessage(request);
      wake(this.#wakeFd);
    });
  }

  #receive(message: TraceReport): void {
    if (message.type === 'ready') {
      this.seesCapabilities = message.capabilities;
      this.#ready?.('ready');
    } else if (message.type === 'refused') this.#ready?.(message.reason);
    else if (message.type === 'words')
      for (const word of message.words) for (const listener of this.#listeners) listener(word);
    else {
      this.#waiting.get(message.number)?.();
      this.#waiting.delete(message.number);
    }
  }
}
