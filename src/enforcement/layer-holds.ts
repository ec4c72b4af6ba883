import { messageOf } from '../kernel/index.ts';
import type { LayerTarget } from './port.ts';
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

  /** Whether the engine is to be refused, and why nobody could say: then it is not. */
  async decide(containerId: string): Promise<{ keep: boolean; problem: string | null }> {
    const watched = this.#byId.get(containerId);
    if (watched === undefined) return { keep: false, problem: null };
    try {
      const keep = watched.removal === 'hold' || ((await watched.isNeeded?.()) ?? false);
      if (keep) watched.removal = 'hold';
      return { keep, problem: null };
    } catch (error) {
      return { keep: false, problem: `whether the layer is still needed is not known: ${messageOf(error)}` };
    }
  }
}
