export { findEngine } from './discovery/find-engine.ts';
export { isCopy } from './docker/copy/labels.ts';
export { madeFor, waitsForPlace } from './docker/standby-labels.ts';
export type * from './port.ts';
export { engineDown } from './private/down.ts';
export { type EngineStatus, engineStatus } from './private/status.ts';
export { engineUp } from './private/up.ts';
