import type { GuardEvent } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import type { Clock } from '../../kernel/index.ts';

export interface CapturePreparationOptions {
  /** Keeps what a capture of any container of this image needs. */
  readonly keepImage: (imageId: string) => Promise<void>;
  readonly clock: Clock;
  readonly emit: (event: GuardEvent) => void;
  readonly onProblem: (error: unknown) => void;
}

/** Keeps the layers of guarded images ahead of time, each image once, so that no capture waits for them. */
export class CapturePreparation {
  readonly #options: CapturePreparationOptions;
  readonly #byImage = new Map<string, Promise<void>>();

  constructor(options: CapturePreparationOptions) {
    this.#options = options;
  }

  /** Never rejects: without the preparation a capture takes longer, nothing else. */
  async prepare({ id, name, imageId, overlay }: ContainerDetails, signal: AbortSignal): Promise<void> {
    // Where layers cannot be read, the engine commits the container, and its image with it.
    if (overlay === null) return;
    const { keepImage, clock, emit, onProblem } = this.#options;
    const preparation = this.#byImage.get(imageId) ?? keepImage(imageId);
    this.#byImage.set(imageId, preparation);
    try {
      await preparation;
      if (!signal.aborted) emit({ type: 'prepared', at: clock.now().toISOString(), container: { id, name } });
    } catch (error) {
      this.#byImage.delete(imageId);
      if (!signal.aborted) onProblem(error);
    }
  }
}
