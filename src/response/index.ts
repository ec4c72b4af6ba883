export { destroyHeld } from './destroy-held.ts';
export type {
  EvidenceKeeper,
  LayerHold,
  Locking,
  ResponseDependencies,
  StartHold,
  StepReport,
  Trial,
} from './port.ts';
export { type AppliedPlan, automaticOrder } from './progress.ts';
export { isFrozenBy, keptWith, mayGo, refreeze, respond } from './respond.ts';
