export { joinObservations } from './join.ts';
export { type CopyObserver, observeCopy } from './observer.ts';
export { findRefusals } from './refusals-in-output.ts';
