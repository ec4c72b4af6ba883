export { createFanotifySensor, type FanotifySensorOptions } from './fanotify/sensor.ts';
export { createOverlayReader } from './overlay/reader.ts';
export type * from './port.ts';
