import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { messageOf, PristineError } from '../../kernel/index.ts';
import {
  clearWake,
  closeDescriptor,
  FAN,
  type FilesystemEvent,
  openChangeGroup,
  openProcessConnector,
  parseEvents,
  pollReadable,
  RunFirstWhileIdle,
  readAvailable,
  readableBytes,
  readProcessEvents,
} from '../../linux/index.ts';
import { Coalescer } from './coalescer.ts';
import { Outbox } from './outbox.ts';
import { Places } from './places.ts';
import { ProcessTable } from './process-table.ts';
import { CELL, type Failure, type WorkerReport, type WorkerRequest, type WorkerStart } from './protocol.ts';
import { type Touch, Translator } from './translate.ts';
import { UserNames } from './user-names.ts';

/** A bound on how long the end waits when the wake-up is lost, as when the thread is terminated from outside. */
const LONGEST_WAIT_MS = 100;
const COALESCE_MS = 25;
/** Some 400 events: small, so that processes that just began are read from /proc in time. */
const READ_BYTES = 32 << 10;
/** What an event with two handles and a short name takes in the kernel's queue. */
const EVENT_BYTES = 96;
const PROCESS_EVENTS_A_TURN = 4096;
/** Turns in a row that may fail before the thread gives up. */
const MAX_FAILURES = 100;

/** The worker's life: waits in poll(2) for the kernel, for requests and for the end. */
export class EventLoop {
  readonly #requests: MessagePort;
  readonly #wakeFd: number;
  readonly #cells: Int32Array;
  readonly #backlog: number;
  readonly #report: (report: WorkerReport) => void;
  readonly #group: number;
  readonly #connector: number | null;
  readonly #places: Places;
  readonly #translator: Translator;
  readonly #processes: ProcessTable;
  readonly #coalescer = new Coalescer(COALESCE_MS);
  readonly #outbox: Outbox;
  readonly #buffer = Buffer.alloc(READ_BYTES);
  readonly #eagerness = new RunFirstWhileIdle();
  /** When events were read last, in milliseconds since 1970. */
  #lastRead = Date.now();

  /** @throws {PristineError} E_SYSCALL when the kernel refuses a fanotify group */
  constructor(start: WorkerStart, report: (report: WorkerReport) => void) {
    this.#requests = start.requests;
    this.#wakeFd = start.wakeFd;
    this.#cells = new Int32Array(start.cells);
    this.#backlog = start.backlog;
    this.#report = report;
    this.#group = openChangeGroup();
    this.#connector = connectorIfAllowed();
    this.#places = new Places(this.#group);
    this.#translator = new Translator(this.#places);
    this.#processes = new ProcessTable(new UserNames(), this.#connector !== null);
    this.#outbox = new Outbox(
      (events, size) => report({ type: 'events', events, size }),
      this.#cells,
      start.backlog,
    );
  }

  /** Works until CELL.closing is set; then everything it opened is closed. */
  run(): void {
    try {
      this.#report({ type: 'ready', sharesProcesses: this.#connector !== null });
      let failures = 0;
      while (Atomics.load(this.#cells, CELL.closing) === 0) {
        try {
          this.#turn();
          failures = 0;
        } catch (error) {
          if (++failures > MAX_FAILURES) throw error;
          this.#outbox.gap(null, `events could not be read: ${messageOf(error)}`, Date.now());
        }
      }
    } finally {
      this.#eagerness.end();
      this.#places.close();
      closeDescriptor(this.#group);
      if (this.#connector !== null) closeDescriptor(this.#connector);
    }
  }

  #turn(): void {
    const asked = performance.now();
    const connector = this.#connector === null ? [] : [this.#connector];
    const ready = pollReadable([this.#wakeFd, this.#group, ...connector], this.#wait());
    // Or half of the processes that live for a millisecond are gone before they are read from /proc.
    this.#eagerness.waited(asked, performance.now());
    if (ready[0]) this.#serve();
    if (ready[1]) this.#readChanges();
    else this.#readProcesses();
    const now = Date.now();
    for (const event of this.#coalescer.due(now)) this.#outbox.add(event);
    this.#outbox.flush(now);
  }

  #wait(): number {
    const due = this.#coalescer.nextDue();
    return due === null ? LONGEST_WAIT_MS : Math.min(LONGEST_WAIT_MS, Math.max(0, due - Date.now()));
  }

  #serve(): void {
    clearWake(this.#wakeFd);
    for (;;) {
      const message: { message: WorkerRequest } | undefined = receiveMessageOnPort(this.#requests);
      if (message === undefined) return;
      const request = message.message;
      let failure: Failure | null = null;
      try {
        if (request.type === 'watch') this.#places.watch(request.layer);
        else this.#places.unwatch(request.id);
      } catch (error) {
        failure = failureOf(error);
      }
      this.#report({ type: 'done', number: request.number, failure });
    }
  }

  #readChanges(): void {
    const length = readAvailable(this.#group, this.#buffer, 'read(fanotify)');
    // After the read: whoever made these changes has its fork and exec told by now.
    this.#readProcesses();
    const at = Date.now();
    const before = this.#lastRead;
    this.#lastRead = at;
    for (const event of parseEvents(this.#buffer, length)) {
      if (event.pid === process.pid) continue;
      // The kernel does not say when it began to drop events: after those that were read before, at the earliest.
      if (event.mask & FAN.Q_OVERFLOW) this.#outbox.gap(null, "the kernel's queue was full", before);
      try {
        this.#translate(event, at);
      } catch (error) {
        // Such as too many open files: what this event says is lost, the sensor goes on.
        this.#outbox.gap(null, `an event could not be looked at: ${messageOf(error)}`, at);
      }
    }
    if (length > READ_BYTES / 2) this.#bound(at);
  }

  #translate(event: FilesystemEvent, at: number): void {
    const { touches, beyond } = this.#translator.translate(event);
    for (const touch of touches) this.#tell(touch, event.pid, at);
    for (const { layer } of beyond) {
      this.#outbox.gap(layer.id, 'a path is longer than 4,096 characters', at);
    }
  }

  #tell(touch: Touch, pid: number, at: number): void {
    const { container, path, operation } = touch;
    const touched = {
      type: 'touched',
      containerId: container.layer.id,
      path,
      operation,
      ...(touch.subtree ? { subtree: true } : {}),
      at,
      ...(pid > 0 ? { process: this.#processes.attribute(pid, container) } : {}),
    } as const;
    for (const event of this.#coalescer.add(touched, at)) this.#outbox.add(event);
  }

  /** Throws the kernel's queue away when it has grown over the limit, so that it cannot eat the host's memory. */
  #bound(at: number): void {
    const limit = this.#backlog * EVENT_BYTES;
    if (readableBytes(this.#group) <= limit) return;
    while (readAvailable(this.#group, this.#buffer, 'read(fanotify)') > 0) this.#readProcesses();
    this.#outbox.gap(null, `more than ${this.#backlog} events waited in the kernel's queue`, at);
  }

  #readProcesses(): void {
    if (this.#connector === null) return;
    for (const event of readProcessEvents(this.#connector, PROCESS_EVENTS_A_TURN)) {
      this.#processes.apply(event);
    }
  }
}

/** Without CAP_NET_ADMIN or the kernel's support there is none, and /proc has to do. */
function connectorIfAllowed(): number | null {
  try {
    return openProcessConnector();
  } catch {
    return null;
  }
}

/** An error, ready to be sent to the main thread. */
export function failureOf(error: unknown): Failure {
  if (error instanceof PristineError) return { code: error.code, message: error.message, next: error.next };
  return {
    code: 'E_SYSCALL',
    message: messageOf(error),
    next: 'Run "pristine doctor" to see what this host allows.',
  };
}
