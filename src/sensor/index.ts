export { createOverlayReader } from './overlay/reader.ts';
export type * from './port.ts';
