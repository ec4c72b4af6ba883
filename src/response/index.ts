export { destroyHeld } from './destroy-held.ts';
export type {
  EvidenceKeeper,
  LayerHold,
  Locking,
  ResponseDependencies,
  StartHold,
  StepReport,
} from './port.ts';
export { automaticOrder } from './progress.ts';
export { isFrozenBy, keptWith, mayGo, refreeze, respond } from './respond.ts';
