export type {
  EvidenceKeeper,
  LayerHold,
  Locking,
  ResponseDependencies,
  StartHold,
  StepReport,
} from './port.ts';
export { refreeze, respond } from './respond.ts';
