export { lock } from './lock.ts';
export { lockedContainers } from './record.ts';
export type { LockReport, UnlockReport } from './report.ts';
export type { LockTarget } from './target.ts';
export { unlock } from './unlock.ts';
