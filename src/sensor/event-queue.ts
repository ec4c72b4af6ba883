import type { SensorEvent } from './port.ts';

/** Events on their way to whoever iterates; bounded by the sender, see Outbox. */
export class EventQueue {
  #batches: (readonly SensorEvent[])[] = [];
  #position = 0;
  #ended = false;
  #error: Error | null = null;
  #wakeUp: (() => void) | null = null;
  readonly #taken: (count: number) => void;

  /** @param taken told how many events were just taken */
  constructor(taken: (count: number) => void) {
    this.#taken = taken;
  }

  push(events: readonly SensorEvent[]): void {
    if (this.#ended || events.length === 0) return;
    this.#batches.push(events);
    this.#wakeUp?.();
  }

  /** Ends the iteration; with an error it throws that, after what came before. */
  end(error: Error | null = null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wakeUp?.();
  }

  async *events(): AsyncGenerator<SensorEvent> {
    for (;;) {
      const event = this.#next();
      if (event !== undefined) {
        this.#taken(1);
        yield event;
      } else if (this.#ended) {
        if (this.#error !== null) throw this.#error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          const others = this.#wakeUp;
          this.#wakeUp = () => {
            this.#wakeUp = null;
            others?.();
            resolve();
          };
        });
      }
    }
  }

  #next(): SensorEvent | undefined {
    const batch = this.#batches[0];
    const event = batch?.[this.#position];
    if (batch !== undefined && ++this.#position >= batch.length) {
      this.#batches.shift();
      this.#position = 0;
    }
    return event;
  }
}
