export type * from './outbox-port.ts';
export type * from './port.ts';
export { openSqliteStore } from './sqlite/open.ts';
