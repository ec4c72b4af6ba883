import type { RefusedWrite } from '../../../contract/index.ts';
import { TraceReader } from './reader.ts';
import { threadsLike } from './threads.ts';

export interface RefusalEvent {
  readonly containerId: string;
  readonly refusal: RefusedWrite;
}

/** Tells of writes that running containers were refused because their filesystem is read-only. */
export interface RefusalReader extends AsyncDisposable {
  /** @param pid of its first process, in the host's namespace */
  add(containerId: string, pid: number): Promise<void>;
  remove(containerId: string): Promise<void>;
  /** Until it is disposed of; the same refusal is told once a minute. For one reader. */
  events(): AsyncIterable<RefusalEvent>;
}

/** Refusals that may wait for whoever iterates; later ones are dropped. */
const MOST_WAITING = 10_000;

/** @returns null where the kernel or this user's rights do not allow it */
export async function createRefusalReader(): Promise<RefusalReader | null> {
  const reader = await TraceReader.open('refusals');
  if (reader === null) return null;
  const waiting: RefusalEvent[] = [];
  let over = false;
  let wakeUp: (() => void) | null = null;
  reader.listen((word) => {
    if (word.type !== 'refusal' || waiting.length >= MOST_WAITING) return;
    waiting.push({ containerId: word.containerId, refusal: word.refusal });
    wakeUp?.();
  });
  return {
    add: (id, pid) => reader.watch(id, threadsLike(pid)),
    remove: (id) => reader.unwatch(id),
    async *events() {
      for (;;) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else if (over) return;
        else
          await new Promise<void>((resolve) => {
            wakeUp = resolve;
          });
      }
    },
    async [Symbol.asyncDispose]() {
      over = true;
      wakeUp?.();
      await reader[Symbol.asyncDispose]();
    },
  };
}
