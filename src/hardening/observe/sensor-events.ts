import { messageOf } from '../../kernel/index.ts';
import type { ChangeSensor, SensorEvent } from '../../sensor/index.ts';
import { TraceReader } from './trace/reader.ts';

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
    const reason = `the sensor has ended: ${messageOf(error)}`;
    const gap: SensorEvent = { type: 'gap', containerId: null, reason, at: Date.now() };
    for (const listener of listeners) listener(gap);
  } finally {
    pumps.delete(sensor);
    const trace = await traces.get(sensor);
    traces.delete(sensor);
    await trace?.[Symbol.asyncDispose]();
  }
}

const traces = new WeakMap<ChangeSensor, Promise<TraceReader | null>>();

/** The reader of the kernel's trace that lives as long as a sensor that is listened to; null where there can be none. */
export function traceBeside(sensor: ChangeSensor): Promise<TraceReader | null> {
  let trace = traces.get(sensor);
  if (trace === undefined) {
    trace = TraceReader.open('everything');
    traces.set(sensor, trace);
  }
  return trace;
}
