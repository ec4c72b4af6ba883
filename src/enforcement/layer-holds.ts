import { messageOf } from '../kernel/index.ts';
import type { LayerTarget } from './port.ts';
import { REMOVAL_LONGEST_WAIT_MS, STILL_LOOKING_MS } from './protocol.ts';
import type { Asked } from './requests.ts';

export type LayerRequest = Extract<Asked, { type: 'layer' }>;

interface Watched {
  readonly layer: LayerTarget;
  removal: LayerRequest['removal'];
  isNeeded: (() => Promise<boolean>) | null;
}

/** The layers that the engine is not to remove unasked, for a new enforcer process to be told, and who decides. */
export class LayerHolds {
  readonly #byId = new Map<string, Watched>();

  /** What is held stays so: being watched is less. */
  watch(layer: LayerTarget, isNeeded: () => Promise<boolean>): void {
    const removal = this.#byId.get(layer.id)?.removal ?? 'ask';
    this.#byId.set(layer.id, { layer, removal, isNeeded });
  }

  hold(layer: LayerTarget): void {
    const isNeeded = this.#byId.get(layer.id)?.isNeeded ?? null;
    this.#byId.set(layer.id, { layer, removal: 'hold', isNeeded });
  }

  forget(containerId: string): void {
    this.#byId.delete(containerId);
  }

  requests(): LayerRequest[] {
    return [...this.#byId.values()].map(({ layer, removal }) => ({ type: 'layer', layer, removal }));
  }

  /**
   * Finds out whether a layer is needed that the engine is about to remove.
   *
   * @param say told what is found; null now and then, while it is not known yet
   * @returns why nobody could say, so that it may be removed
   */
  async decide(containerId: string, say: (keep: boolean | null) => void): Promise<string | null> {
    const watched = this.#byId.get(containerId);
    const looking = setInterval(() => say(null), STILL_LOOKING_MS);
    const impatient = setTimeout(() => clearInterval(looking), REMOVAL_LONGEST_WAIT_MS);
    try {
      const keep = watched?.removal === 'hold' || ((await watched?.isNeeded?.()) ?? false);
      if (keep && watched !== undefined) watched.removal = 'hold';
      say(keep);
      return null;
    } catch (error) {
      say(false);
      return `whether the layer is still needed is not known: ${messageOf(error)}`;
    } finally {
      clearInterval(looking);
      clearTimeout(impatient);
    }
  }
}
