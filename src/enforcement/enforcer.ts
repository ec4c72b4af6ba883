import { release } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, messageOf, PristineError } from '../kernel/index.ts';
import { kernelAtLeast } from '../linux/index.ts';
import { type Ending, EnforcerProcess, type Told } from './enforcer-process.ts';
import { EventQueue } from './event-queue.ts';
import { heldFile } from './held-file.ts';
import { LayerHolds, type LayerRequest } from './layer-holds.ts';
import type { EnforcementEvent, EnforcementTarget, Enforcer, LayerTarget, StartHold } from './port.ts';
import { type Asked, closedError, Requests } from './requests.ts';
import { startError } from './start-error.ts';

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
 * whoever waits for an answer is let through within 2 seconds, but for the engine when it removes a layer (see
 * {@link Enforcer.watchLayer}). It needs root and Linux 6.6.
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
  readonly #layers = new LayerHolds();
  /** Containers whose start is held, and whether it may have been let go by the end of a process. */
  readonly #starts = new Map<string, { isLost: boolean }>();
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
    await this.#ask({ type: 'protect', target });
    this.#targets.set(target.id, target);
  }

  async release(containerId: string): Promise<void> {
    // Before, so that no new process arms it again, and after, as its protection may have been answered meanwhile.
    this.#targets.delete(containerId);
    this.#starts.delete(containerId);
    await this.#ask({ type: 'release', containerId });
    this.#targets.delete(containerId);
  }

  async watchLayer(layer: LayerTarget, isNeeded: () => Promise<boolean>): Promise<void> {
    // Before, as the first question may come with the answer.
    this.#layers.watch(layer, isNeeded);
    await this.#askLayer({ type: 'layer', layer, removal: 'ask' });
  }

  async holdLayer(layer: LayerTarget): Promise<void> {
    this.#layers.hold(layer);
    await this.#askLayer({ type: 'layer', layer, removal: 'hold' });
  }

  async releaseLayer(containerId: string): Promise<void> {
    this.#layers.forget(containerId);
    await this.#ask({ type: 'release-layer', containerId });
    this.#layers.forget(containerId);
  }

  async holdStart(containerId: string): Promise<void> {
    await this.#ask({ type: 'hold-start', containerId });
    this.#starts.set(containerId, { isLost: false });
  }

  async letStart(containerId: string): Promise<StartHold> {
    const isLost = this.#starts.get(containerId)?.isLost ?? true;
    this.#starts.delete(containerId);
    const { held, waitedMs } = await this.#ask({ type: 'let-start', containerId });
    return { held: held && !isLost, waitedMs };
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
  #ask(asked: Asked): Promise<StartHold> {
    if (this.#closing.signal.aborted) return Promise.reject(closedError());
    const { request, answer } = this.#requests.add(asked);
    this.#serving?.send(request);
    return answer;
  }

  async #askLayer(request: LayerRequest): Promise<void> {
    try {
      await this.#ask(request);
    } catch (error) {
      this.#layers.forget(request.layer.id);
      throw error;
    }
  }

  async #decideRemoval(teller: EnforcerProcess, containerId: string, at: number): Promise<void> {
    const say = (keep: boolean | null) => teller.send({ type: 'removal', containerId, at, keep });
    const problem = await this.#layers.decide(containerId, say);
    if (problem !== null) this.#tellLapse(containerId, problem, at);
  }

  #receive(told: Told, teller: EnforcerProcess): void {
    if (told.type === 'done') {
      this.#requests.settle(told.number, told.error, told.start);
    } else if (told.type === 'removal-asked') {
      void this.#decideRemoval(teller, told.containerId, told.at);
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
      for (const start of this.#starts.values()) start.isLost = true;
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
    // Layers first: they take no time, and there is nothing to come back to when one is gone.
    for (const request of this.#layers.requests()) this.#askLayerAgain(request, from);
    for (const target of this.#targets.values()) {
      if (asked.has(target.id)) continue;
      this.#requests
        .add({ type: 'protect', target })
        .answer.catch((error) => this.#insist(target, error, from));
    }
    for (const containerId of this.#starts.keys()) this.#requests.add({ type: 'hold-start', containerId });
    this.#serving = started;
    if (this.#folder !== null) started.send({ type: 'expect', folder: this.#folder });
    const all = this.#requests.waiting();
    for (const { request } of all) started.send(request);
    await Promise.allSettled(all.map(({ answer }) => answer));
  }

  #askLayerAgain(request: LayerRequest, from: number): void {
    const { id } = request.layer;
    this.#requests.add(request).answer.catch((error) => {
      this.#layers.forget(id);
      // One that was merely watched may have gone with nobody to ask.
      if (request.removal === 'hold') this.#tellLapse(id, messageOf(error), from);
    });
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
        await this.#ask({ type: 'protect', target });
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
