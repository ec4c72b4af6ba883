export { coveredBy } from './covered.ts';
export { joinObservations } from './join.ts';
export { observeCopy } from './observer.ts';
export { findRefusals } from './refusals-in-output.ts';
export { createRefusalReader, type RefusalEvent, type RefusalReader } from './trace/refusals.ts';
