export { createFanotifySensor } from './fanotify/sensor.ts';
export { type HostCheck, hostChecks } from './host-checks.ts';
export { type ImageFile, walkImage } from './overlay/image-walk.ts';
export { createOverlayReader } from './overlay/reader.ts';
export { createApiReader } from './polling/reader.ts';
export { createPollingSensor } from './polling/sensor.ts';
export type * from './port.ts';
