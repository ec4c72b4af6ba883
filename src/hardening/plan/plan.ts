import { posix } from 'node:path';
import type { HardenedConfiguration, RefusedWrite, WrittenPath } from '../../contract/index.ts';
import { coveredBy } from '../observe/index.ts';
import { findHomes } from './homes.ts';
import type { PlanDraft, PlanInput } from './input.ts';
import { mountOf, powerOfTwo } from './mount.ts';
import { reasonsForPrivileges } from './reasons.ts';
import { remarksFor } from './remarks.ts';

const MIB = 1024 ** 2;

/** From what a container was seen to do to the least that it needs. Pure, and nothing in it knows an application. */
export function planConfiguration(input: PlanInput): PlanDraft {
  const { details, observation, image, capabilities, user } = input;
  const covered = coveredBy(details);
  const known = new Map<string, WrittenPath>();
  const written = observation.writes.filter((write) => !isOnlyCopiedUp(write));
  for (const write of [...written, ...observation.refusals.flatMap(refusedAsWritten)]) {
    const path = image.resolve(write.path);
    const before = known.get(path);
    if (!covered(path) && (before === undefined || before.type === 'unknown'))
      known.set(path, { ...write, path });
  }
  const found = findHomes([...known.values()], input);
  const mounts = found.homes.map((home) => mountOf(home, input));
  const { security } = details;
  const configuration: HardenedConfiguration = {
    readOnlyRoot: true,
    mounts,
    capabilities: capabilities === null ? null : [...capabilities],
    noNewPrivileges: true,
    user: user === null ? null : `${user.uid}:${user.gid}`,
    groups: user === null ? [] : [...user.groups],
    pidsLimit: limited(security.pidsLimit) ? null : most(observation.mostProcesses, 8, 256, 4096),
    memoryLimit: limited(security.memoryLimit) ? null : most(observation.mostMemory, 4, 512 * MIB, null),
    defaultSeccomp: security.seccompUnconfined && !security.privileged,
  };
  return {
    configuration,
    reasons: reasonsForPrivileges(configuration, observation),
    remarks: remarksFor(input, found, mounts),
  };
}

/**
 * A folder of the image that changed in nothing but what is in it, or was copied up for a mount in it. Where a program
 * really wants to change it, the read-only run is refused that.
 */
function isOnlyCopiedUp({ type, inImage, operations, owner }: WrittenPath): boolean {
  if (type !== 'directory' || !inImage) return false;
  return operations.every((one) => one === 'write' || (one === 'attributes' && owner === null));
}

/** What was refused is taken for what would have been made. */
function refusedAsWritten({ path, call, command, pid }: RefusedWrite): WrittenPath[] {
  if (path === null || !path.startsWith('/')) return [];
  const writer = { exe: null, command: command ?? 'a process', pid, uid: null, gid: null };
  const type = call?.startsWith('mkdir') ? 'directory' : 'unknown';
  return [
    {
      ...{
        path: posix.normalize(path),
        type,
        operations: ['write'],
        phases: ['boot'],
        writers: [writer],
      },
      ...{ bytes: 0, inImage: false, remains: false, executed: false, owner: null },
    },
  ];
}

function limited(limit: number | null): boolean {
  return limit !== null && limit > 0;
}

function most(seen: number | null, times: number, least: number, atMost: number | null): number | null {
  if (seen === null) return null;
  const limit = powerOfTwo(Math.max(times * seen, least));
  return atMost === null ? limit : Math.min(limit, atMost);
}
