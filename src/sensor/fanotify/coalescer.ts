import type { SensorEvent } from '../port.ts';

export type Touched = Extract<SensorEvent, { type: 'touched' }>;

interface Burst {
  dueAt: number;
  /** What was passed on since the window began, by operation and process. */
  passed: Set<string>;
  /** What came again since, first of each; told when the window ends. */
  held: Map<string, Touched>;
}

/**
 * Thins out bursts on one path: the first event of each operation and process passes at once, what repeats it
 * within the window is told once when the window ends, with the time of the first repetition. So a file that
 * is written a thousand times makes two events a window, and none of its last state goes unseen.
 */
export class Coalescer {
  readonly #windowMs: number;
  readonly #bursts = new Map<string, Burst>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** @returns what is to be told now, in order */
  add(event: Touched, now: number): Touched[] {
    const key = `${event.containerId}${event.path}`;
    const signature = `${event.operation} ${event.process?.pid ?? 0}`;
    const burst = this.#bursts.get(key);
    if (burst === undefined) {
      this.#bursts.set(key, {
        dueAt: now + this.#windowMs,
        passed: new Set([signature]),
        held: new Map(),
      });
      return [event];
    }
    if (burst.passed.has(signature) && !STRUCTURAL.has(event.operation)) {
      if (!burst.held.has(signature)) burst.held.set(signature, event);
      return [];
    }
    burst.passed.add(signature);
    // What was held back happened before this.
    const earlier = [...burst.held.values()];
    burst.held.clear();
    return [...earlier, event];
  }

  /** What was held back and is due. */
  due(now: number): Touched[] {
    const events: Touched[] = [];
    for (const [key, burst] of this.#bursts) {
      // Windows have one length and are kept in the order of their ends.
      if (burst.dueAt > now) break;
      this.#bursts.delete(key);
      if (burst.held.size === 0) continue;
      events.push(...burst.held.values());
      this.#bursts.set(key, {
        dueAt: now + this.#windowMs,
        passed: new Set(burst.held.keys()),
        held: new Map(),
      });
    }
    return events;
  }

  /** When {@link due} next has something to do; null when never. */
  nextDue(): number | null {
    for (const burst of this.#bursts.values()) return burst.dueAt;
    return null;
  }
}

/** Operations that change what a path is: each one is told. */
const STRUCTURAL: ReadonlySet<Touched['operation']> = new Set(['create', 'delete', 'rename']);
