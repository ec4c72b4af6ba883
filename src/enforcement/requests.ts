import { PristineError } from '../kernel/index.ts';
import type { EnforcementTarget } from './port.ts';
import type { EnforcerRequest } from './protocol.ts';

type Question = Extract<EnforcerRequest, { number: number }>;

interface Waiter {
  readonly request: Question;
  readonly answer: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/** Requests that have no answer yet. They outlive the process that they were sent to: the next one gets them again. */
export class Requests {
  /** By number, which is also the order in which they were made. */
  readonly #waiting = new Map<number, Waiter>();
  #lastNumber = 0;

  protect(target: EnforcementTarget): Waiter {
    return this.#add({ type: 'protect', number: ++this.#lastNumber, target });
  }

  release(containerId: string): Waiter {
    return this.#add({ type: 'release', number: ++this.#lastNumber, containerId });
  }

  waiting(): Waiter[] {
    return [...this.#waiting.values()];
  }

  settle(number: number, error: string | null): void {
    const waiter = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (error === null) waiter?.resolve();
    else waiter?.reject(refused(waiter.request, error));
  }

  /** There will be no answer any more, nor anything that still has to be released. */
  end(): void {
    for (const { request, resolve, reject } of this.#waiting.values()) {
      if (request.type === 'release') resolve();
      else reject(closedError());
    }
    this.#waiting.clear();
  }

  #add(request: Question): Waiter {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Whoever asks may look at the answer later than it comes.
    promise.catch(() => {});
    const waiter = { request, answer: promise, resolve, reject };
    this.#waiting.set(request.number, waiter);
    return waiter;
  }
}

function refused(request: Question, error: string): PristineError {
  const what =
    request.type === 'protect'
      ? `the code of ${request.target.name} cannot be checked: ${error}`
      : `container ${request.containerId} could not be released: ${error}`;
  return new PristineError('E_SYSCALL', what, {
    next: 'Run "pristine doctor" to see what this host allows.',
  });
}

export function closedError(): PristineError {
  return new PristineError('E_INTERNAL', 'the enforcer is closed', { next: 'Create another enforcer.' });
}
