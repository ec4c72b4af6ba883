import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardEvent, Incident } from '../../contract/index.ts';
import { type ResponseDependencies, respond } from '../../response/index.ts';

/** Pauses before a failed response is tried again, in milliseconds; the last one is repeated. */
const RETRY_AFTER_MS = [2_000, 10_000, 30_000, 60_000];

export interface ResponsesOptions {
  readonly dependencies: ResponseDependencies;
  readonly emit: (event: GuardEvent) => void;
  readonly onHealed: (incident: Incident) => Promise<void>;
  readonly onProblem: (error: unknown) => void;
}

/** The responses at work: one an incident, each tried again until it has ended well or the guard ends. */
export class Responses {
  readonly #options: ResponsesOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: ResponsesOptions) {
    this.#options = options;
  }

  /**
   * Begins the response to an incident, or goes on with it; does nothing when it is at work already.
   * @returns resolves when the first attempt is over
   */
  start(incidentId: string): Promise<void> {
    if (this.#running.has(incidentId) || this.#closing.signal.aborted) return Promise.resolve();
    const firstAttempt = Promise.withResolvers<void>();
    const work = this.#carryOut(incidentId, firstAttempt.resolve).finally(() =>
      this.#running.delete(incidentId),
    );
    this.#running.set(incidentId, work);
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
      const healed = await this.#attempt(incidentId);
      onAttempt();
      if (healed) return;
      const pause = RETRY_AFTER_MS[Math.min(attempt, RETRY_AFTER_MS.length - 1)];
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }

  async #attempt(incidentId: string): Promise<boolean> {
    const { dependencies, emit, onHealed, onProblem } = this.#options;
    let healed = false;
    try {
      const incident = await respond(incidentId, dependencies);
      healed = true;
      if (incident.state === 'healed') await onHealed(incident);
    } catch (error) {
      onProblem(error);
    }
    try {
      const incident = await dependencies.store.incident(incidentId);
      emit({ type: 'incident', at: dependencies.clock.now().toISOString(), incident });
    } catch (error) {
      onProblem(error);
    }
    return healed;
  }
}
