import type { ProcessAttribution } from '../../contract/index.ts';

interface Pause {
  readonly until: number;
  readonly length: number;
}

export interface TouchedPath {
  readonly path: string;
  /** Milliseconds since 1970 of the first event since the path was last looked at. */
  readonly at: number;
  readonly process?: ProcessAttribution;
}

/** A path is looked at again no sooner than this after the last time, doubled each time up to the longest. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 2000;

/** Above so many waiting paths a scan is cheaper, and memory stays bounded. */
const MAX_WAITING = 4000;

/**
 * Paths that wait to be looked at, oldest first. A path that is written to all the time is looked at less and
 * less often, so that nobody can keep the guard busy with one file.
 */
export class PathQueue {
  readonly #waiting = new Map<string, TouchedPath>();
  readonly #pauses = new Map<string, Pause>();

  /** Answers false when too many paths wait already: the caller scans instead. */
  add(touched: TouchedPath): boolean {
    const waiting = this.#waiting.get(touched.path);
    if (waiting === undefined && this.#waiting.size >= MAX_WAITING) return false;
    // The first time counts for latency, the first process known for attribution.
    const process = waiting?.process ?? touched.process;
    this.#waiting.set(touched.path, {
      path: touched.path,
      at: waiting?.at ?? touched.at,
      ...(process === undefined ? {} : { process }),
    });
    return true;
  }

  /** Takes the paths that are due at `now`; for the others, `nextDue` says when to come back. */
  take(now: number): TouchedPath[] {
    const due: TouchedPath[] = [];
    for (const touched of this.#waiting.values()) {
      const pause = this.#pauses.get(touched.path);
      if (pause !== undefined && pause.until > now) continue;
      due.push(touched);
      this.#waiting.delete(touched.path);
      const length = nextPause(pause, now);
      this.#pauses.set(touched.path, { until: now + length, length });
    }
    this.#forgetOldPauses(now);
    return due;
  }

  /** Milliseconds until a waiting path is due; null when none waits. */
  nextDue(now: number): number | null {
    let soonest: number | null = null;
    for (const path of this.#waiting.keys()) {
      const wait = Math.max(0, (this.#pauses.get(path)?.until ?? now) - now);
      if (soonest === null || wait < soonest) soonest = wait;
      if (soonest === 0) break;
    }
    return soonest;
  }

  clear(): void {
    this.#waiting.clear();
  }

  #forgetOldPauses(now: number): void {
    if (this.#pauses.size <= MAX_WAITING) return;
    for (const [path, { until }] of this.#pauses) {
      if (until + LONGEST_PAUSE_MS < now) this.#pauses.delete(path);
    }
    if (this.#pauses.size > MAX_WAITING) this.#pauses.clear();
  }
}

/** Twice the last one, unless the path was quiet for as long as that since. */
function nextPause(last: Pause | undefined, now: number): number {
  if (last === undefined || now > last.until + last.length) return FIRST_PAUSE_MS;
  return Math.min(last.length * 2, LONGEST_PAUSE_MS);
}
