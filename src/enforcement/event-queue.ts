import type { EnforcementEvent } from './port.ts';

/** Events that may wait for the reader; denials beyond are let go, and how many is told. */
const LONGEST_QUEUE = 10_000;

/** Events on their way to the one who reads them. */
export class EventQueue {
  readonly #limit: number;
  #waiting: EnforcementEvent[] = [];
  #lost: { count: number; from: number } | null = null;
  #ended = false;
  #wakeUp: () => void = () => {};

  constructor(limit = LONGEST_QUEUE) {
    this.#limit = limit;
  }

  push(event: EnforcementEvent): void {
    if (event.type === 'denied' && (this.#ended || this.#waiting.length >= this.#limit)) {
      event.file?.release();
      this.#lost ??= { count: 0, from: event.at };
      this.#lost.count++;
      return;
    }
    if (!this.#ended) this.#waiting.push(event);
    this.#wakeUp();
  }

  /** Ends the iteration after what waits by now. */
  end(): void {
    this.#ended = true;
    this.#wakeUp();
  }

  async *events(): AsyncGenerator<EnforcementEvent> {
    for (;;) {
      const batch = this.#waiting;
      const lost = this.#lost;
      this.#waiting = [];
      this.#lost = null;
      yield* batch;
      if (lost !== null) yield lapseOf(lost);
      if (batch.length > 0 || lost !== null) continue;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wakeUp = resolve;
      });
    }
  }
}

function lapseOf({ count, from }: { count: number; from: number }): EnforcementEvent {
  const reason = `${count} denials were not read in time and are not told one by one; they were refused all the same`;
  return { type: 'lapse', containerId: null, reason, from, to: Date.now() };
}
