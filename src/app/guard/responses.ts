import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardEvent } from '../../contract/index.ts';
import { PristineError } from '../../kernel/index.ts';
import { type ResponseDependencies, respond } from '../../response/index.ts';

/** Pauses before a failed response is tried again, in milliseconds; the last one is repeated. */
const RETRY_AFTER_MS = [2_000, 10_000, 30_000, 60_000];

export interface ResponsesOptions {
  readonly dependencies: ResponseDependencies;
  readonly emit: (event: GuardEvent) => void;
  readonly onProblem: (error: unknown) => void;
}

/** The responses at work: one an incident, each tried again until it has ended, policy gives up, or the guard ends. */
export class Responses {
  readonly #options: ResponsesOptions;
  readonly #running = new Map<string, Promise<void>>();
  /** The last response of each container that is at work, or waits for its turn. */
  readonly #ofContainer = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: ResponsesOptions) {
    this.#options = options;
  }

  /** The containers that are being replaced. */
  containers(): ReadonlySet<string> {
    return new Set(this.#ofContainer.keys());
  }

  /**
   * Begins a response, or goes on with it; does nothing when it is at work already. Of one container there is one at
   * a time: an incident waits for the end of a repave, which gives way.
   * @returns resolves when the first attempt is over
   */
  start(incidentId: string, containerId: string): Promise<void> {
    if (this.#running.has(incidentId) || this.#closing.signal.aborted) return Promise.resolve();
    const firstAttempt = Promise.withResolvers<void>();
    const before = this.#ofContainer.get(containerId) ?? Promise.resolve();
    const work = before
      .then(() => this.#carryOut(incidentId, firstAttempt.resolve))
      .finally(() => {
        firstAttempt.resolve();
        this.#running.delete(incidentId);
        if (this.#ofContainer.get(containerId) === work) this.#ofContainer.delete(containerId);
      });
    this.#running.set(incidentId, work);
    this.#ofContainer.set(containerId, work);
    return firstAttempt.promise;
  }

  /** Lets attempts that are at work come to their end, and begins no more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#running.values());
  }

  async #carryOut(incidentId: string, onAttempt: () => void): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const over = await this.#attempt(incidentId);
      onAttempt();
      if (over) return;
      const pause = RETRY_AFTER_MS[Math.min(attempt, RETRY_AFTER_MS.length - 1)];
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }

  /** @returns whether there is nothing left to try */
  async #attempt(incidentId: string): Promise<boolean> {
    const { dependencies, emit, onProblem } = this.#options;
    const { store, clock } = dependencies;
    let over = false;
    try {
      await respond(incidentId, dependencies);
      over = true;
    } catch (error) {
      over = error instanceof PristineError && error.code === 'E_OFFLINE';
      onProblem(error);
    }
    try {
      if ((await store.purposeOf(incidentId)) === 'incident') {
        const incident = await store.incident(incidentId);
        emit({ type: 'incident', at: clock.now().toISOString(), incident });
      }
    } catch (error) {
      onProblem(error);
    }
    return over;
  }
}
