export type {
  EvidenceKeeper,
  LayerHold,
  Locking,
  ResponseDependencies,
  StartHold,
  StepReport,
} from './port.ts';
export { isFrozenBy, keptWith, refreeze, respond } from './respond.ts';
