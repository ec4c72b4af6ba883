import type { HardenedConfiguration, HardeningPlan, PlannedMount } from '../../../contract/index.ts';
import type { ContainerDetails } from '../../../engine/index.ts';
import { joinObservations } from '../../observe/index.ts';
import { ORIGINAL_PRIVILEGES } from '../../prove/state.ts';

/** A configuration that changes nothing. */
export const AS_IT_IS: HardenedConfiguration = {
  readOnlyRoot: false,
  mounts: [],
  ...ORIGINAL_PRIVILEGES,
};

export function mountAt(path: string, more: Partial<PlannedMount> = {}): PlannedMount {
  return {
    ...{ path, kind: 'tmpfs', uid: 0, gid: 0, mode: 0o755, size: 16 * 1024 ** 2, inodes: 1024 },
    ...{ exec: false, hydrated: false, reasons: [`app wrote ${path}/x\n echo hostile`] },
    ...more,
  };
}

/** The strictest configuration: what a program that writes to these places needs. */
export function strict(...mounts: PlannedMount[]): HardenedConfiguration {
  return {
    ...AS_IT_IS,
    ...{
      readOnlyRoot: true,
      mounts,
      capabilities: ['CHOWN'],
      noNewPrivileges: true,
      user: '33:34',
      groups: [44],
    },
    ...{ pidsLimit: 64, memoryLimit: 64 * 1024 ** 2, defaultSeccomp: true },
  };
}

export function planFor(details: ContainerDetails, configuration: HardenedConfiguration): HardeningPlan {
  const { id, name, image, imageId } = details;
  return {
    id: 'plan-1',
    createdAt: '2026-01-01T00:00:00.000Z',
    container: { id, name, image, imageId },
    configuration,
    reasons: { capabilities: ['it used CHOWN\n echo hostile'] },
    remarks: ['nothing\r else'],
    observation: joinObservations([]),
    proof: { proven: true, exercised: [], notExercised: [], failures: [], runs: 3, tookMs: 1 },
  };
}
