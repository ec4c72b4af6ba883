import { release } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, messageOf, PristineError } from '../kernel/index.ts';
import { closeDescriptor, kernelAtLeast } from '../linux/index.ts';
import { type Ending, EnforcerProcess, type Told } from './enforcer-process.ts';
import { EventQueue } from './event-queue.ts';
import type { EnforcementEvent, EnforcementTarget, Enforcer, HeldFile } from './port.ts';
import { HELD_MS } from './protocol.ts';
import { closedError, Requests } from './requests.ts';

export interface EnforcerOptions {
  readonly logger?: Logger;
}

/** Pauses before the next start of a process that ended, in milliseconds; the last one again and again. */
const BACK_OFF_MS = [0, 100, 500, 2000, 10_000];
/** One that served for so long is started again at once. */
const STEADY_MS = 10_000;
/** Longest time for a process to begin to serve. */
const START_MS = 20_000;

/**
 * An enforcer whose answers come from a process of its own, so that nobody in a container waits for this one:
 * it goes on while this process is busy, ends with it, and is replaced when it ends by itself. Whatever happens,
 * whoever waits for an answer is let through within 2 seconds. It needs root and Linux 6.6.
 *
 * @throws {PristineError} E_NEEDS_ROOT without CAP_SYS_ADMIN, E_NOT_SUPPORTED where the kernel has not what it takes
 */
export async function createEnforcer(options: EnforcerOptions = {}): Promise<Enforcer> {
  if (process.platform !== 'linux' || !kernelAtLeast(6, 6)) {
    const system = process.platform === 'linux' ? `Linux ${release()}` : process.platform;
    throw new PristineError(
      'E_NOT_SUPPORTED',
      `refusing code needs Linux 6.6 or later, and this is ${system}`,
      {
        next: 'Use the mode watch without protection here, or a host with a newer kernel.',
      },
    );
  }
  const enforcer = new SupervisedEnforcer(options);
  await enforcer.start();
  return enforcer;
}

class SupervisedEnforcer implements Enforcer {
  readonly #logger: Logger | undefined;
  readonly #queue = new EventQueue();
  readonly #requests = new Requests();
  /** What is to be armed again in a new process. */
  readonly #targets = new Map<string, EnforcementTarget>();
  readonly #closing = new AbortController();
  #folder: string | null = null;
  /** The one that serves. */
  #serving: EnforcerProcess | null = null;
  /** The one that serves or is about to. */
  #newest: EnforcerProcess | null = null;
  #supervision: Promise<void> = Promise.resolve();
  #closed: Promise<void> | null = null;

  constructor({ logger }: EnforcerOptions) {
    this.#logger = logger;
  }

  async start(): Promise<void> {
    const started = await this.#launch();
    if (!(started instanceof EnforcerProcess)) throw startError(started);
    this.#serving = started;
    this.#supervision = this.#supervise(started);
  }

  async protect(target: EnforcementTarget): Promise<void> {
    await this.#ask(() => this.#requests.protect(target));
    this.#targets.set(target.id, target);
  }

  async release(containerId: string): Promise<void> {
    // Before, so that no new process arms it again, and after, as its protection may have been answered meanwhile.
    this.#targets.delete(containerId);
    await this.#ask(() => this.#requests.release(containerId));
    this.#targets.delete(containerId);
  }

  expectIn(folder: string): void {
    this.#folder = folder;
    this.#serving?.send({ type: 'expect', folder });
  }

  pass(merged: string): void {
    this.#serving?.send({ type: 'pass', merged });
  }

  recheck(containerId: string): void {
    this.#serving?.send({ type: 'recheck', containerId });
  }

  events(): AsyncIterable<EnforcementEvent> {
    return this.#queue.events();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#newest?.end();
    await this.#supervision;
    this.#requests.end();
    this.#queue.end();
  }

  /** Sends a request to the process that serves; when there is none now, to the next one. */
  async #ask(make: () => ReturnType<Requests['waiting']>[number]): Promise<void> {
    if (this.#closing.signal.aborted) throw closedError();
    const { request, answer } = make();
    this.#serving?.send(request);
    await answer;
  }

  #receive(told: Told, teller: EnforcerProcess): void {
    if (told.type === 'done') {
      this.#requests.settle(told.number, told.error);
    } else if (told.type === 'denied') {
      const { fd, ...event } = told;
      this.#queue.push({ ...event, file: fd === null ? null : heldFile(teller, fd, event.at) });
    } else {
      this.#queue.push(told);
    }
  }

  /** A process that serves, or how it ended before it did. */
  async #launch(): Promise<EnforcerProcess | Ending> {
    let started: EnforcerProcess;
    try {
      started = new EnforcerProcess((told) => this.#receive(told, started));
    } catch (error) {
      const reason = `could not be started: ${messageOf(error)}`;
      return { reason, lastAlive: Date.now(), stderr: '', errno: null };
    }
    this.#newest = started;
    const impatient = setTimeout(() => void started.end(), START_MS);
    const ending = await Promise.race([started.ready, started.ended]);
    clearTimeout(impatient);
    return ending ?? started;
  }

  /** Puts another process in the place of each that ends, until this is closed. */
  async #supervise(first: EnforcerProcess): Promise<void> {
    let current: EnforcerProcess | null = first;
    let failures = 0;
    while (current !== null) {
      const since = performance.now();
      const ending: Ending = await current.ended;
      this.#serving = null;
      if (performance.now() - since > STEADY_MS) failures = 0;
      current = await this.#replace(ending, failures++);
    }
  }

  /** Tries until another process has armed everything again, and tells how long nothing was refused. */
  async #replace(first: Ending, failures: number): Promise<EnforcerProcess | null> {
    let ending = first;
    let from = first.lastAlive;
    for (let attempt = failures; !this.#closing.signal.aborted; attempt++) {
      this.#logger?.error({ stderr: ending.stderr }, `the enforcer ${ending.reason}`);
      await this.#pause(backOff(attempt));
      if (this.#closing.signal.aborted) break;
      let next = await this.#launch();
      if (next instanceof EnforcerProcess)
        next = (await Promise.race([this.#rearm(next, from), next.ended])) ?? next;
      if (this.#closing.signal.aborted) break;
      this.#tellLapse(null, `the enforcer ${ending.reason}`, from);
      if (next instanceof EnforcerProcess) return next;
      this.#serving = null;
      from = Date.now();
      ending = next;
    }
    return null;
  }

  /** Gives a new process everything that the one before had, and what was asked meanwhile. */
  async #rearm(started: EnforcerProcess, from: number): Promise<void> {
    const asked = new Set(
      this.#requests.waiting().map(({ request }) => request.type === 'protect' && request.target.id),
    );
    for (const target of this.#targets.values()) {
      if (asked.has(target.id)) continue;
      this.#requests.protect(target).answer.catch((error) => this.#insist(target, error, from));
    }
    this.#serving = started;
    if (this.#folder !== null) started.send({ type: 'expect', folder: this.#folder });
    const all = this.#requests.waiting();
    for (const { request } of all) started.send(request);
    await Promise.allSettled(all.map(({ answer }) => answer));
  }

  /** A container that could not be armed again is tried until it can be, or is released or protected anew. */
  async #insist(target: EnforcementTarget, first: unknown, since: number): Promise<void> {
    const wanted = () => this.#targets.get(target.id) === target && !this.#closing.signal.aborted;
    let error = first;
    let from = since;
    for (let attempt = 1; wanted(); attempt++) {
      const reason = messageOf(error);
      this.#tellLapse(target.id, reason, from);
      from = Date.now();
      await this.#pause(backOff(attempt));
      if (!wanted()) return;
      try {
        await this.#ask(() => this.#requests.protect(target));
        this.#tellLapse(target.id, reason, from);
        return;
      } catch (again) {
        error = again;
      }
    }
  }

  #tellLapse(containerId: string | null, reason: string, from: number): void {
    this.#queue.push({ type: 'lapse', containerId, reason, from, to: Date.now() });
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closing.signal }).catch(() => {});
  }
}

function backOff(attempt: number): number {
  return BACK_OFF_MS[Math.min(attempt, BACK_OFF_MS.length - 1)] ?? 0;
}

function heldFile(holder: EnforcerProcess, fd: number, at: number): HeldFile {
  let held = true;
  return {
    open() {
      const duplicate = held ? holder.duplicate(fd) : null;
      // Asked afterwards: by then the number may stand for another file.
      if (duplicate === null || Date.now() - at < HELD_MS) return duplicate;
      closeDescriptor(duplicate);
      return null;
    },
    release() {
      if (held) holder.send({ type: 'captured', fd, at });
      held = false;
    },
  };
}

function startError({ reason, errno, stderr }: Ending): PristineError {
  const message = `the enforcer ${reason}`;
  if (errno === 'EPERM') {
    return new PristineError('E_NEEDS_ROOT', message, {
      next: 'Run Pristine as root on the machine that runs the containers.',
    });
  }
  return new PristineError(errno === null ? 'E_INTERNAL' : 'E_NOT_SUPPORTED', message, {
    next: 'Run "pristine doctor" to see what this host allows.',
    cause: stderr,
  });
}
