export type { GuardedContainer, ServerDependencies } from './port.ts';
export { type RunningServer, type ServerOptions, startServer } from './server.ts';
