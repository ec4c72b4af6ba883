/** Collects what a sensor reports, and waits for it without guessing how long that takes. */
import type { WatchTarget } from '../../src/contract/index.ts';
import type { ChangeSensor, SensorEvent } from '../../src/sensor/index.ts';
import type { TestContainer } from './engine.ts';

export type Touched = Extract<SensorEvent, { type: 'touched' }>;

const MARKER = '/.marker-';

export class EventRecorder {
  readonly events: SensorEvent[] = [];
  /** Resolves when the sensor's iteration ends. */
  readonly ended: Promise<void>;
  #markers = 0;

  constructor(sensor: ChangeSensor) {
    this.ended = this.#collect(sensor);
  }

  async #collect(sensor: ChangeSensor): Promise<void> {
    for await (const event of sensor.events()) this.events.push(event);
  }

  get touched(): Touched[] {
    return this.events.filter(
      (event) => event.type === 'touched' && !event.path.startsWith(MARKER),
    ) as Touched[];
  }

  /** Resolves when `ready` holds; throws after ten seconds. */
  async until(ready: () => boolean): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!ready()) {
      if (Date.now() > deadline)
        throw new Error(`waited in vain; seen: ${summary(this.touched).join(', ').slice(0, 2000)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** What a script makes the sensor report: everything up to a marker that is made after it. */
  async during(container: TestContainer, script: string): Promise<Touched[]> {
    const start = this.events.length;
    await container.sh(script);
    const marker = `${MARKER}${++this.#markers}`;
    await container.sh(`: > ${marker}`);
    await this.until(() => this.events.some((event) => 'path' in event && event.path === marker));
    // What was held back to thin out a burst comes a little later.
    await new Promise((resolve) => setTimeout(resolve, 60));
    const fresh = this.events.slice(start) as Touched[];
    return fresh.filter(({ path }) => !path?.startsWith(MARKER));
  }
}

/** `operation path`, each once, sorted. */
export function summary(events: readonly Touched[]): string[] {
  return [...new Set(events.map(({ operation, path }) => `${operation} ${path}`))].sort();
}

/** A target that is only good for a sensor that asks the engine. */
export function remote(target: WatchTarget): WatchTarget {
  return { ...target, overlay: null, pid: null };
}
