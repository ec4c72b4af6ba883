export { exerciseLive } from './live.ts';
export { harden } from './prove.ts';
export { commandWorkload, httpWorkload, type Workload } from './workload.ts';
