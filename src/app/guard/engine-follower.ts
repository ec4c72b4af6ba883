import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, EngineEvent } from '../../engine/index.ts';

/** Pauses between attempts to reach an engine that is gone. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

export interface FollowerOptions {
  readonly onEvent: (event: EngineEvent) => Promise<void>;
  /** The stream broke; told once until it works again. */
  readonly onLost: (error: unknown) => void;
  /** The engine answers again: whatever happened meanwhile has to be looked up. */
  readonly onBack: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Follows the engine's events until the signal aborts, however often the engine goes away and comes back. */
export async function followEngine(engine: Engine, options: FollowerOptions): Promise<void> {
  const { onEvent, onLost, onBack, signal } = options;
  let pause = FIRST_PAUSE_MS;
  let lost = false;
  while (!signal.aborted) {
    try {
      if (lost) {
        await engine.list();
        await onBack();
        lost = false;
        pause = FIRST_PAUSE_MS;
      }
      for await (const event of engine.watch(signal)) await onEvent(event);
    } catch (error) {
      if (signal.aborted) return;
      if (!lost) onLost(error);
      lost = true;
    }
    if (signal.aborted) return;
    lost = true;
    await sleep(pause, undefined, { signal }).catch(() => {});
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}
