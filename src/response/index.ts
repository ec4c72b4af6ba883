export type { EvidenceKeeper, ResponseDependencies, StepReport } from './port.ts';
export { respond } from './respond.ts';
