/** Plans as hardening makes them, for tests that need one and not its making. */
import type {
  HardenedConfiguration,
  HardeningPlan,
  Observation,
  PlannedMount,
} from '../../src/contract/index.ts';
import { newId, systemClock } from '../../src/kernel/index.ts';

/** Of a container that did nothing, where the kernel does not tell of capabilities. */
export const UNOBSERVED: Observation = {
  writes: [],
  refusals: [],
  capabilitiesUsed: null,
  processes: [],
  mostProcesses: null,
  mostMemory: null,
  contacted: [],
  reloads: false,
};

export function plannedMount(path: string, kind: PlannedMount['kind']): PlannedMount {
  const bounds = kind === 'tmpfs' ? { size: 1 << 20, inodes: 100 } : { size: null, inodes: null };
  return { path, kind, ...bounds, uid: 0, gid: 0, mode: 0o755, exec: false, hydrated: false, reasons: [] };
}

/** Read-only but for these mounts; nothing else is changed. */
export function readOnlyWith(mounts: readonly PlannedMount[]): HardenedConfiguration {
  return {
    ...{ readOnlyRoot: true, mounts: [...mounts], capabilities: null, noNewPrivileges: true, user: null },
    ...{ groups: [], pidsLimit: 100, memoryLimit: null, defaultSeccomp: false },
  };
}

export function planOf(
  container: HardeningPlan['container'],
  configuration: HardenedConfiguration,
  { proven = true, createdAt = new Date().toISOString() } = {},
): HardeningPlan {
  const proof = { proven, exercised: [], notExercised: [], failures: proven ? [] : ['it fails'] };
  return {
    ...{ id: newId('plan', systemClock), createdAt, container, configuration, reasons: {}, remarks: [] },
    observation: UNOBSERVED,
    proof: { ...proof, runs: 1, tookMs: 1 },
  };
}
