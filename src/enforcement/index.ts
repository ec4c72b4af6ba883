export { createEnforcer } from './enforcer.ts';
export { forbidMemoryPrograms, type MemoryPrograms } from './memory-programs.ts';
export type { EnforcementEvent, EnforcementTarget, Enforcer, LayerTarget } from './port.ts';
