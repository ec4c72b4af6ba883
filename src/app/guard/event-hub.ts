import type { GuardEvent } from '../../contract/index.ts';

type Listener = (event: GuardEvent) => void;

/** Passes each event of the guard on to everyone who listens. */
export class EventHub {
  readonly #listeners = new Set<Listener>();

  readonly emit = (event: GuardEvent): void => {
    for (const listener of this.#listeners) listener(event);
  };

  /** Returns the function that ends the subscription. */
  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
