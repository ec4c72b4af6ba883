import type {
  HardenedConfiguration,
  Observation,
  PlannedMount,
  RefusedWrite,
  WrittenPath,
} from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { printable } from '../../kernel/index.ts';
import { coveredBy } from '../observe/index.ts';
import { findHomes, type Home, isVolume } from './homes.ts';
import type { ImageTree } from './image-tree.ts';
import { isProgramPlace } from './places.ts';
import { reasonsFor, reasonsForPrivileges } from './reasons.ts';

export interface PlanInput {
  readonly details: ContainerDetails;
  readonly observation: Observation;
  readonly image: ImageTree;
  /** Without `CAP_`; null: as the container has them. */
  readonly capabilities: readonly string[] | null;
  /** Null: the one that it has. */
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] } | null;
  /** Paths that proved to have to last. */
  readonly persist: readonly string[];
  /** Programs may run from places that stay writable, where some did. */
  readonly allowExec: boolean;
}

export interface PlanDraft {
  readonly configuration: HardenedConfiguration;
  readonly reasons: Record<string, string[]>;
  readonly remarks: string[];
}

const MIB = 1024 ** 2;

/** From what a container was seen to do to the least that it needs. Pure, and nothing in it knows an application. */
export function planConfiguration(input: PlanInput): PlanDraft {
  const { details, observation, image, capabilities, user, persist } = input;
  const covered = coveredBy(details);
  const known = new Map<string, WrittenPath>();
  for (const write of [...observation.writes, ...observation.refusals.flatMap(refusedAsWritten)]) {
    const path = image.resolve(write.path);
    const before = known.get(path);
    if (!covered(path) && (before === undefined || before.type === 'unknown'))
      known.set(path, { ...write, path });
  }
  const { homes, impossible, spared } = findHomes([...known.values()], image, persist);
  const mounts = homes.map((home) => mountOf(home, input));
  const { security } = details;
  const configuration: HardenedConfiguration = {
    readOnlyRoot: true,
    mounts,
    capabilities: capabilities === null ? null : [...capabilities],
    noNewPrivileges: true,
    user: user === null ? null : `${user.uid}:${user.gid}`,
    groups: user === null ? [] : [...user.groups],
    pidsLimit: limited(security.pidsLimit) ? null : most(observation.mostProcesses, 4, 64, 4096),
    memoryLimit: limited(security.memoryLimit) ? null : most(observation.mostMemory, 4, 64 * MIB, null),
    defaultSeccomp: security.seccompUnconfined && !security.privileged,
  };
  return {
    configuration,
    reasons: reasonsForPrivileges(configuration, observation),
    remarks: [
      ...impossible.map(
        ({ path }) => `${printable(path)} was written, and no mount can be there: the write is refused.`,
      ),
      ...spareRemark(spared),
      ...homes.filter(({ path, mixed }) => mixed && isProgramPlace(path)).map(ownCode),
      ...logRemark(homes),
      ...(observation.contacted.length === 0
        ? [
            'It reached nothing outside its networks: they could be internal (docker network create --internal).',
          ]
        : [
            `It reached ${observation.contacted.slice(0, 5).map(printable).join(', ')}: its networks have to lead there.`,
          ]),
    ],
  };
}

/** What was refused is taken for a file that would have been written. */
function refusedAsWritten({ path, command, pid }: RefusedWrite): WrittenPath[] {
  if (path === null || !path.startsWith('/')) return [];
  const writer = { exe: null, command: command ?? 'a process', pid, uid: null, gid: null };
  return [
    {
      ...{ path, type: 'unknown', operations: ['write'], phases: ['boot'], writers: [writer] },
      ...{ bytes: 0, inImage: false, remains: false, executed: false, owner: null },
    },
  ];
}

function mountOf(home: Home, { image, user, allowExec }: PlanInput): PlannedMount {
  const { path, writes, mixed } = home;
  const entry = image.entry(path);
  const made = writes.find((write) => write.path === path)?.owner ?? null;
  const writer = writes.flatMap(({ writers }) => writers).find(({ uid }) => uid !== null);
  const seen = entry ?? made ?? { uid: writer?.uid ?? 0, gid: writer?.gid ?? 0, mode: 0o755 };
  const open = (seen.mode & 0o002) !== 0;
  const owner = user !== null && !open && !mixed ? user : seen;
  const volume = isVolume(home);
  const bytes = writes.reduce((sum, write) => sum + write.bytes, 0);
  return {
    path,
    kind: volume ? 'volume' : 'tmpfs',
    uid: owner.uid,
    gid: owner.gid,
    mode: seen.mode,
    size: volume ? null : powerOfTwo(Math.max(4 * bytes, (open ? 64 : 16) * MIB)),
    inodes: volume ? null : Math.max(1024, powerOfTwo(8 * writes.length)),
    exec: volume || (allowExec && writes.some(({ executed }) => executed)),
    hydrated: volume && image.list(path).length > 0,
    reasons: reasonsFor(home),
  };
}

function limited(limit: number | null): boolean {
  return limit !== null && limit > 0;
}

function most(seen: number | null, times: number, least: number, atMost: number | null): number | null {
  if (seen === null) return null;
  const limit = powerOfTwo(Math.max(times * seen, least));
  return atMost === null ? limit : Math.min(limit, atMost);
}

function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, value)));
}

function spareRemark(spared: readonly WrittenPath[]): string[] {
  const [first] = spared;
  if (first === undefined) return [];
  return [
    `Compiled forms beside sources, such as ${printable(first.path)}, are not written any more: they are made anew in memory.`,
  ];
}

function ownCode({ path }: Home): string {
  return `It writes beside its programs, in ${printable(path)}: what an attacker writes there may be run. Better change the image.`;
}

function logRemark(homes: readonly Home[]): string[] {
  const logs = homes.filter(({ path }) => path === '/var/log' || path.startsWith('/var/log/'));
  if (logs.length === 0) return [];
  const places = logs.map(({ path }) => printable(path)).join(', ');
  return [
    `Logs in ${places} go with the container: have them written to /dev/stdout to keep them with "docker logs".`,
  ];
}
