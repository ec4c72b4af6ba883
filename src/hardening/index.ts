export { auditContainers } from './audit/audit.ts';
export { sarif } from './audit/sarif.ts';
export { posture } from './posture.ts';
