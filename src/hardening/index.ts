export { auditContainers } from './audit/audit.ts';
export { sarif } from './audit/sarif.ts';
export { createRefusalReader, type RefusalEvent, type RefusalReader } from './observe/index.ts';
export { posture } from './posture.ts';
