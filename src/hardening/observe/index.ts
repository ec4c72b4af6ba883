export { coveredBy } from './covered.ts';
export { joinObservations } from './join.ts';
export { lastOutput } from './last-output.ts';
export { observeCopy } from './observer.ts';
export { handlesHangUp } from './process-samples.ts';
export { findRefusals } from './refusals-in-output.ts';
export { createRefusalReader, type RefusalEvent, type RefusalReader } from './trace/refusals.ts';
export { WRITTEN_TYPES } from './written-paths.ts';
