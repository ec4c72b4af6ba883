export type { GuardedContainer, ServerDependencies } from './port.ts';
export { type RunningServer, startServer } from './server.ts';
