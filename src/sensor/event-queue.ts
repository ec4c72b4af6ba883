import type { SensorEvent } from './port.ts';

/** Events on their way to whoever iterates; bounded by the sender, see Outbox. */
export class EventQueue {
  #batches: { readonly events: readonly SensorEvent[]; readonly size: number }[] = [];
  #position = 0;
  #ended = false;
  #error: Error | null = null;
  #wakeUp: (() => void) | null = null;
  readonly #taken: (events: number, size: number) => void;

  /** @param taken told of each batch when all of it was taken: how many events, and the size it was pushed with */
  constructor(taken: (events: number, size: number) => void) {
    this.#taken = taken;
  }

  push(events: readonly SensorEvent[], size = 0): void {
    if (this.#ended || events.length === 0) return;
    this.#batches.push({ events, size });
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
    const event = batch?.events[this.#position];
    if (batch !== undefined && ++this.#position >= batch.events.length) {
      this.#batches.shift();
      this.#position = 0;
      this.#taken(batch.events.length, batch.size);
    }
    return event;
  }
}
