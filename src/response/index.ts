export type {
  EvidenceKeeper,
  LayerHold,
  Locking,
  ResponseDependencies,
  StartHold,
  StepReport,
} from './port.ts';
export { isFrozenBy, refreeze, respond } from './respond.ts';
