export type { EvidenceKeeper, LockFirst, ResponseDependencies, StepReport } from './port.ts';
export { respond } from './respond.ts';
