import type { EngineEvent } from '../../engine/index.ts';
import type { UnwatchedTime } from './last-run.ts';

/** Containers that are paused, and since when. Nothing in them runs, but the host may have changed their layers. */
export class Pauses {
  readonly #since = new Map<string, number>();

  /** Takes an event of the engine in; answers with the pause when it is over. */
  note({ containerId, kind, at }: Pick<EngineEvent, 'containerId' | 'kind' | 'at'>): UnwatchedTime | null {
    if (kind === 'pause') {
      this.#since.set(containerId, Date.parse(at));
      return null;
    }
    if (kind !== 'unpause' && kind !== 'remove') return null;
    const since = this.#since.get(containerId);
    this.#since.delete(containerId);
    if (kind === 'remove') return null;
    const reason = 'the container was paused';
    return since === undefined ? { reason } : { reason, lengthMs: Math.max(0, Date.parse(at) - since) };
  }
}
