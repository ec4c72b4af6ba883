import { readFileSync } from 'node:fs';
import { messageOf } from '../../kernel/index.ts';
import {
  closeDescriptor,
  Epoll,
  openContentGroup,
  openSignalFd,
  type PermissionEvent,
  parsePermissionEvents,
  RunFirstWhileIdle,
  readAvailable,
  readMounts,
  readSignals,
} from '../../linux/index.ts';
import type { Channel } from '../channel.ts';
import type { EnforcementTarget, StartHold } from '../port.ts';
import type { EnforcerQuestion, EnforcerReport, EnforcerRequest } from '../protocol.ts';
import { complain } from './complain.ts';
import { Containers } from './containers.ts';
import { Denials } from './denials.ts';
import { Layers } from './layers.ts';
import { Leases } from './leases.ts';
import { Newcomers } from './newcomers.ts';
import { Permissions } from './permission.ts';
import { Starts } from './starts.ts';

export interface LoopOptions {
  readonly channel: Channel;
  /** To be called at least every second; each call is a system call. */
  beat(): void;
}

const LONGEST_WAIT_MS = 500;
const TICK_MS = 1000;
/** A few events at a time: each comes with a descriptor. */
const EVENTS_A_READ = 32;
const EVENT_BYTES = 24;
/** A real-time signal; the kernel queues such signals, and sends SIGIO in its place when the queue is full. */
const SIGNAL = 40;
const SIGIO = 29;
/** Descriptors that are left for everything but leases. */
const SPARE_DESCRIPTORS = 1024;
const MAX_LEASES = 32_768;

/** The enforcer process's life: waits for the kernel's questions and for the guard, until the guard's socket ends. */
export class EnforcerLoop {
  readonly #channel: Channel;
  readonly #beat: () => void;
  readonly #group: number;
  readonly #signals: number;
  readonly #epoll = new Epoll();
  readonly #leases: Leases;
  readonly #denials: Denials;
  readonly #newcomers: Newcomers;
  readonly #containers: Containers;
  readonly #permissions: Permissions;
  readonly #layers: Layers;
  readonly #starts = new Starts();
  readonly #buffer = Buffer.alloc(EVENTS_A_READ * EVENT_BYTES);
  readonly #eagerness = new RunFirstWhileIdle();
  #tickedAt = 0;
  #waitsToWrite = false;

  /** @throws {PristineError} E_SYSCALL when the kernel refuses what this takes */
  constructor({ channel, beat }: LoopOptions) {
    this.#channel = channel;
    this.#beat = beat;
    this.#group = openContentGroup();
    this.#signals = openSignalFd([SIGNAL, SIGIO]);
    const report = (message: EnforcerReport) => void channel.send(message);
    this.#leases = new Leases(
      this.#group,
      SIGNAL,
      Math.min(MAX_LEASES, descriptorLimit() - SPARE_DESCRIPTORS),
    );
    this.#denials = new Denials((message) => channel.send(message));
    this.#newcomers = new Newcomers(this.#group);
    this.#containers = new Containers({
      group: this.#group,
      newcomers: this.#newcomers,
      epoll: this.#epoll,
      report,
      onStopped: (id) => this.#leases.releaseContainer(id),
    });
    this.#layers = new Layers(this.#group, report);
    this.#permissions = new Permissions({
      group: this.#group,
      containers: this.#containers,
      leases: this.#leases,
      denials: this.#denials,
      newcomers: this.#newcomers,
      layers: this.#layers,
      starts: this.#starts,
    });
    this.#epoll.add(this.#group, 'read');
    this.#epoll.add(this.#signals, 'read');
    this.#epoll.add(channel.fd, 'read');
  }

  /** Works until the guard has closed the socket; then every mark is gone. */
  run(): void {
    while (this.#turn());
    this.#denials.close();
    this.#layers.close();
    this.#containers.close();
    this.#leases.close();
    closeDescriptor(this.#group);
    closeDescriptor(this.#signals);
    this.#epoll.close();
  }

  #turn(): boolean {
    this.#beat();
    const asked = performance.now();
    const ready = this.#epoll.wait(this.#longestWait());
    this.#eagerness.waited(asked, performance.now());
    // Writers wait for leases that break, so those come first; then programs that wait to be run.
    if (ready.includes(this.#signals)) this.#breakLeases();
    if (ready.includes(this.#group)) this.#answer();
    for (const fd of ready) {
      if (fd === this.#channel.fd) {
        if (!this.#serveGuard()) return false;
      } else if (fd !== this.#signals && fd !== this.#group) {
        this.#guarded(() => this.#containers.onReady(fd));
      }
    }
    this.#answerAll(this.#newcomers.expire());
    this.#answerAll(this.#starts.expire());
    this.#guarded(() => this.#layers.expire());
    this.#waitToWrite();
    const now = Date.now();
    if (now - this.#tickedAt >= TICK_MS || now < this.#tickedAt) {
      this.#tickedAt = now;
      this.#denials.tick();
      this.#leases.tick();
      this.#guarded(() => this.#containers.tick());
    }
    return true;
  }

  /** Milliseconds until somebody has waited for long enough. */
  #longestWait(): number {
    const due = [this.#newcomers, this.#starts, this.#layers].map((waiting) => waiting.dueIn());
    return Math.min(LONGEST_WAIT_MS, ...due.filter((ms) => ms !== null));
  }

  #breakLeases(): void {
    for (const { signal, fd } of readSignals(this.#signals)) {
      if (signal === SIGNAL) this.#leases.broken(fd);
      else this.#leases.sweep();
    }
  }

  #answer(): void {
    const length = readAvailable(this.#group, this.#buffer, 'read(fanotify)');
    for (const event of parsePermissionEvents(this.#buffer, length)) {
      this.#guarded(() => this.#permissions.handle(event));
    }
  }

  #serveGuard(): boolean {
    const requests = this.#channel.receive();
    if (requests === 'closed') return false;
    for (const request of requests) this.#serve(request);
    this.#channel.flush();
    return true;
  }

  #serve(request: EnforcerRequest): void {
    if (request.type === 'captured') {
      this.#denials.letGo(request.fd, request.at);
      return;
    }
    if (request.type === 'expect') {
      this.#newcomers.expectIn(request.folder, readMounts('self'));
      return;
    }
    if (request.type === 'pass') {
      this.#answerAll(this.#newcomers.pass(request.merged));
      return;
    }
    if (request.type === 'recheck') {
      this.#leases.recheck(request.containerId);
      return;
    }
    if (request.type === 'removal') {
      this.#guarded(() => this.#layers.decide(request.containerId, request.at, request.keep));
      return;
    }
    this.#reply(request);
  }

  #reply(request: EnforcerQuestion): void {
    let error: string | null = null;
    let start: StartHold | undefined;
    try {
      if (request.type === 'protect') this.#protect(request.target);
      else if (request.type === 'layer') this.#layers.watch(request.layer, request.removal === 'hold');
      else if (request.type === 'release-layer') this.#layers.release(request.containerId);
      else if (request.type === 'hold-start') this.#holdStart(request.containerId);
      else if (request.type === 'let-start') start = this.#letStart(request.containerId);
      else this.#release(request.containerId);
    } catch (cause) {
      error = messageOf(cause);
    }
    const { number } = request;
    this.#channel.send({ type: 'done', number, error, ...(start === undefined ? {} : { start }) });
  }

  #holdStart(containerId: string): void {
    if (!this.#containers.has(containerId)) throw new Error('the container is not protected');
    this.#starts.hold(containerId);
  }

  #letStart(containerId: string): StartHold {
    const { waiting, start } = this.#starts.let(containerId);
    this.#answerAll(waiting);
    return start;
  }

  #release(containerId: string): void {
    this.#letStart(containerId);
    this.#containers.release(containerId);
  }

  #protect(target: EnforcementTarget): void {
    this.#containers.protect(target);
    const { waiting, lateSince } = this.#newcomers.welcome(target.merged);
    this.#answerAll(waiting);
    if (lateSince === null) return;
    const reason = 'the guard was too busy to speak for the container in time';
    this.#channel.send({ type: 'lapse', containerId: target.id, reason, from: lateSince, to: Date.now() });
  }

  #answerAll(events: readonly PermissionEvent[]): void {
    for (const event of events) this.#guarded(() => this.#permissions.handle(event));
  }

  /** One question that cannot be answered must not leave the others waiting. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      complain(error);
    }
  }

  #waitToWrite(): void {
    const wants = this.#channel.wantsWrite;
    if (wants !== this.#waitsToWrite) this.#epoll.modify(this.#channel.fd, wants ? 'write' : 'read');
    this.#waitsToWrite = wants;
  }
}

/** Most descriptors that this process may have open (the soft RLIMIT_NOFILE). */
function descriptorLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 4096);
}
