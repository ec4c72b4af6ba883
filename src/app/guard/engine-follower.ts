import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, EngineEvent } from '../../engine/index.ts';

/** Pauses between attempts to reach an engine that is gone. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

export interface FollowerOptions {
  readonly onEvent: (event: EngineEvent) => Promise<void>;
  /** The stream broke; told once until it works again. */
  readonly onLost: (error: unknown) => void;
  /** The engine answers again, after so many milliseconds: whatever happened meanwhile has to be looked up. */
  readonly onBack: (lengthMs: number) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Follows the engine's events until the signal aborts, however often the engine goes away and comes back. */
export async function followEngine(engine: Engine, options: FollowerOptions): Promise<void> {
  const { onEvent, onLost, onBack, signal } = options;
  let pause = FIRST_PAUSE_MS;
  let lostAt: number | null = null;
  while (!signal.aborted) {
    try {
      if (lostAt !== null) {
        await engine.list();
        await onBack(Date.now() - lostAt);
        lostAt = null;
        pause = FIRST_PAUSE_MS;
      }
      for await (const event of engine.watch(signal)) await onEvent(event);
    } catch (error) {
      if (signal.aborted) return;
      if (lostAt === null) onLost(error);
      lostAt ??= Date.now();
    }
    if (signal.aborted) return;
    lostAt ??= Date.now();
    await sleep(pause, undefined, { signal }).catch(() => {});
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}
