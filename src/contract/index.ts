export * from './change.ts';
export * from './config.ts';
export * from './container.ts';
export * from './evidence.ts';
export * from './finding.ts';
export * from './guard-event.ts';
export * from './incident.ts';
export * from './protection.ts';
