import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../engine/index.ts';
import { PristineError } from '../kernel/index.ts';

/** So often, and after so many milliseconds each, a removal is tried again. */
const TRIES = 40;
const AGAIN_AFTER_MS = 500;

/**
 * Removes a container whose layer a guard in another process may hold: it hears of the removal by refusing it, finds
 * that the evidence is sealed, and lets the layer go.
 */
export async function destroyHeld(engine: Pick<Engine, 'destroy'>, id: string): Promise<void> {
  for (let left = TRIES; ; left--) {
    try {
      await engine.destroy(id);
      return;
    } catch (error) {
      if (left === 0 || !(error instanceof PristineError) || error.code !== 'E_ENGINE_REFUSED') throw error;
    }
    await sleep(AGAIN_AFTER_MS);
  }
}
