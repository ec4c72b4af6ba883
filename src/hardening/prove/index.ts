export { exerciseLive } from './live.ts';
export { type HardenInput, harden } from './prove.ts';
export { commandWorkload, httpWorkload, type Workload } from './workload.ts';
