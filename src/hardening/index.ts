export { auditContainers } from './audit/audit.ts';
export { sarif } from './audit/sarif.ts';
export { emitCompose, emitKubernetes, emitRun, emitSwarm } from './emit/index.ts';
export {
  createRefusalReader,
  findRefusals,
  lastOutput,
  type RefusalReader,
  WRITTEN_TYPES,
} from './observe/index.ts';
export { readImageTree } from './plan/index.ts';
export { posture } from './posture.ts';
export { commandWorkload, exerciseLive, harden, httpWorkload, type Workload } from './prove/index.ts';
