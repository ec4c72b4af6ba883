import type { Enforcer, LayerTarget } from '../../enforcement/index.ts';
import type { ContainerDetails, Engine } from '../../engine/index.ts';
import type { LayerHold, StartHold } from '../../response/index.ts';

export interface HoldsOptions {
  /** Null where nothing can be held; then nothing is. */
  readonly enforcer: Enforcer | null;
  readonly engine: Pick<Engine, 'inspect'>;
  /** Has the enforcer protect a container that is about to start. */
  readonly protect: (details: ContainerDetails) => Promise<void>;
  readonly onProblem: (error: unknown) => void;
}

/** What a response has the enforcer hold: the layer of a suspect, and the first program of its replacement. */
export class Holds {
  readonly #options: HoldsOptions;
  /** Known since the container was watched: an engine that is removing one may not say any more where its layer is. */
  readonly #watched = new Map<string, LayerTarget>();

  constructor(options: HoldsOptions) {
    this.#options = options;
  }

  /**
   * Whoever removes the container meanwhile has the engine fail, to which it is dead from then on, and whole. To be
   * released also when a container that was watched is gone.
   */
  readonly layers: LayerHold = {
    hold: async (containerId) => {
      const { enforcer, engine } = this.#options;
      if (enforcer === null) return;
      const layer = this.#watched.get(containerId) ?? layerOf(await engine.inspect(containerId));
      if (layer !== null) await enforcer.holdLayer(layer);
    },
    release: async (containerId) => {
      this.#watched.delete(containerId);
      await this.#options.enforcer?.releaseLayer(containerId);
    },
  };

  readonly starts: StartHold = {
    hold: async (containerId) => {
      const { enforcer, engine, protect } = this.#options;
      if (enforcer === null) return;
      await protect(await engine.inspect(containerId));
      await enforcer.holdStart(containerId);
    },
    release: async (containerId) => {
      await this.#options.enforcer?.letStart(containerId);
    },
  };

  /**
   * Has the engine ask before it removes the container's layer; it waits for the answer, for half a minute at most.
   *
   * @param isNeeded is to look at the layer once more: whoever wrote to it last may be why it is removed
   */
  async watch(details: ContainerDetails, isNeeded: () => Promise<boolean>): Promise<void> {
    const { enforcer, onProblem } = this.#options;
    const layer = layerOf(details);
    if (enforcer === null || layer === null) return;
    try {
      await enforcer.watchLayer(layer, isNeeded);
      this.#watched.set(layer.id, layer);
    } catch (error) {
      onProblem(error);
    }
  }
}

function layerOf({ id, name, overlay }: ContainerDetails): LayerTarget | null {
  return overlay === null ? null : { id, name, upper: overlay.upper };
}
