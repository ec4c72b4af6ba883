export { emitCompose } from './compose.ts';
export { emitKubernetes } from './kubernetes.ts';
export { emitRun } from './run.ts';
export { emitSwarm } from './swarm.ts';
