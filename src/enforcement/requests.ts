import { PristineError } from '../kernel/index.ts';
import type { StartHold } from './port.ts';
import type { EnforcerQuestion } from './protocol.ts';

/** What is asked, before it has a number. */
export type Asked = EnforcerQuestion extends infer Question
  ? Question extends EnforcerQuestion
    ? Omit<Question, 'number'>
    : never
  : never;

export interface Waiter {
  readonly request: EnforcerQuestion;
  readonly answer: Promise<StartHold>;
  resolve(start: StartHold): void;
  reject(error: Error): void;
}

/** The answer to what is no question about a start, and to one that came too late. */
const NOT_HELD: StartHold = { held: false, waitedMs: 0 };

/** Requests that have no answer yet. They outlive the process that they were sent to: the next one gets them again. */
export class Requests {
  /** By number, which is also the order in which they were made. */
  readonly #waiting = new Map<number, Waiter>();
  #lastNumber = 0;

  add(asked: Asked): Waiter {
    const { promise, resolve, reject } = Promise.withResolvers<StartHold>();
    // Whoever asks may look at the answer later than it comes.
    promise.catch(() => {});
    const request: EnforcerQuestion = { ...asked, number: ++this.#lastNumber };
    const waiter = { request, answer: promise, resolve, reject };
    this.#waiting.set(request.number, waiter);
    return waiter;
  }

  waiting(): Waiter[] {
    return [...this.#waiting.values()];
  }

  settle(number: number, error: string | null, start: StartHold = NOT_HELD): void {
    const waiter = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (error === null) waiter?.resolve(start);
    else waiter?.reject(refused(waiter.request, error));
  }

  /** There will be no answer any more, nor anything that still has to be released. */
  end(): void {
    for (const { request, resolve, reject } of this.#waiting.values()) {
      if (ENDS.has(request.type)) resolve(NOT_HELD);
      else reject(closedError());
    }
    this.#waiting.clear();
  }
}

/** They ask for what has come about when the enforcer is gone. */
const ENDS: ReadonlySet<EnforcerQuestion['type']> = new Set(['release', 'release-layer', 'let-start']);

function refused(request: EnforcerQuestion, error: string): PristineError {
  return new PristineError('E_SYSCALL', `${whatFailed(request)}: ${error}`, {
    next: 'Run "pristine doctor" to see what this host allows.',
  });
}

function whatFailed(request: EnforcerQuestion): string {
  if (request.type === 'protect') return `the code of ${request.target.name} cannot be checked`;
  if (request.type === 'layer') return `the layer of ${request.layer.name} cannot be held`;
  if (request.type === 'hold-start') return `the start of container ${request.containerId} cannot be held`;
  return `container ${request.containerId} could not be released`;
}

export function closedError(): PristineError {
  return new PristineError('E_INTERNAL', 'the enforcer is closed', { next: 'Create another enforcer.' });
}
