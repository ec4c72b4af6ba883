import type { ChangeSensor, SensorEvent } from '../../sensor/index.ts';

type Listener = (event: SensorEvent) => void;

/** A sensor's events are for one reader; this is it, for all who observe with that sensor. */
const pumps = new WeakMap<ChangeSensor, Set<Listener>>();

/** Has a function called for each event of a sensor. @returns what ends that */
export function listenTo(sensor: ChangeSensor, listener: Listener): () => void {
  let listeners = pumps.get(sensor);
  if (listeners === undefined) {
    listeners = new Set();
    pumps.set(sensor, listeners);
    void pump(sensor, listeners);
  }
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function pump(sensor: ChangeSensor, listeners: ReadonlySet<Listener>): Promise<void> {
  try {
    for await (const event of sensor.events()) for (const listener of listeners) listener(event);
  } catch (error) {
    const reason = `the sensor has ended: ${error instanceof Error ? error.message : String(error)}`;
    const gap: SensorEvent = { type: 'gap', containerId: null, reason, at: Date.now() };
    for (const listener of listeners) listener(gap);
  } finally {
    pumps.delete(sensor);
  }
}
