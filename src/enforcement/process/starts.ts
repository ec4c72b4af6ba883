import { PERMISSION, type PermissionEvent } from '../../linux/index.ts';
import type { StartHold } from '../port.ts';
import { START_WAIT_MS } from '../protocol.ts';

interface Start {
  /** Since when the first program waits; null before. */
  since: number | null;
  waiting: PermissionEvent[];
  /** It waited for so long that it was let go. */
  isOverdue: boolean;
}

/** Containers whose programs wait until the guard lets them run: when they start, their networks are not there yet. */
export class Starts {
  readonly #byId = new Map<string, Start>();

  hold(containerId: string): void {
    if (!this.#byId.has(containerId))
      this.#byId.set(containerId, { since: null, waiting: [], isOverdue: false });
  }

  /**
   * Lets a question of a container's own process wait, if it is about to run a program. The engine's helper does no
   * such thing before all that it does for the container is done.
   *
   * @param isInside whether the thread is the container's; asked only where it matters
   * @returns false when it is not to wait
   */
  keepWaiting(containerId: string, event: PermissionEvent, isInside: () => boolean): boolean {
    const start = this.#byId.get(containerId);
    if (start === undefined || start.isOverdue || (event.mask & PERMISSION.EXECUTE) === 0) return false;
    if (!isInside()) return false;
    start.since ??= Date.now();
    start.waiting.push(event);
    return true;
  }

  /** @returns questions that can be answered now, and how long the first has waited */
  let(containerId: string): { waiting: PermissionEvent[]; start: StartHold } {
    const start = this.#byId.get(containerId);
    if (start === undefined) return { waiting: [], start: { held: false, waitedMs: 0 } };
    this.#byId.delete(containerId);
    const waitedMs = start.isOverdue ? START_WAIT_MS : Date.now() - (start.since ?? Date.now());
    return { waiting: start.waiting, start: { held: !start.isOverdue, waitedMs } };
  }

  /** Milliseconds until {@link expire} is due; null when nobody waits. */
  dueIn(): number | null {
    const since = [...this.#byId.values()].flatMap((start) =>
      start.since === null || start.isOverdue ? [] : [start.since],
    );
    return since.length === 0 ? null : Math.max(0, Math.min(...since) + START_WAIT_MS - Date.now());
  }

  /** Questions that have waited for long enough. */
  expire(): PermissionEvent[] {
    const now = Date.now();
    const answered: PermissionEvent[] = [];
    for (const start of this.#byId.values()) {
      if (start.since === null || start.isOverdue || Math.abs(now - start.since) < START_WAIT_MS) continue;
      start.isOverdue = true;
      answered.push(...start.waiting);
      start.waiting = [];
    }
    return answered;
  }
}
