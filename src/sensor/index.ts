export { createFanotifySensor, type FanotifySensorOptions } from './fanotify/sensor.ts';
export { type HostCheck, hostChecks } from './host-checks.ts';
export { createOverlayReader } from './overlay/reader.ts';
export { type ApiReaderOptions, createApiReader } from './polling/reader.ts';
export { createPollingSensor, type ListChanges, type PollingSensorOptions } from './polling/sensor.ts';
export type * from './port.ts';
