import { openSync, readdirSync, readFileSync } from 'node:fs';
import { decodePathBytes } from '../../kernel/index.ts';
import { closeDescriptor, FileIdentity, O_PATH, pathOfFd } from '../../linux/index.ts';
import type { Guarded } from './guarded.ts';

export interface RunningDrift {
  readonly pid: number;
  /** Of its program, in the container. */
  readonly path: string;
}

/** The list of all processes of the host is read once for all containers that are armed in so short a time. */
const FRESH_MS = 500;
let listed: { readonly at: number; readonly groups: ReadonlyMap<number, string> } = {
  at: 0,
  groups: new Map(),
};

/** The processes of a container whose program is not from its image: they were started before it was armed. */
export function runningDrift({ target, overlay, images }: Guarded): RunningDrift[] {
  const found: RunningDrift[] = [];
  const identity = new FileIdentity();
  for (const [pid, groups] of controlGroups()) {
    if (!groups.includes(target.id)) continue;
    let fd: number;
    try {
      fd = openSync(`/proc/${pid}/exe`, O_PATH);
    } catch {
      // It has ended, or is a thread of the kernel.
      continue;
    }
    try {
      const isLayer = identity.read(fd).device === overlay?.device;
      // What was copied up may be what it was in the image; the scan says whether its content is.
      if (isLayer && images.originOf(fd, identity) !== 'added') continue;
      found.push({ pid, path: decodePathBytes(pathOfFd(fd)) });
    } finally {
      closeDescriptor(fd);
    }
  }
  return found;
}

function controlGroups(): ReadonlyMap<number, string> {
  if (Math.abs(Date.now() - listed.at) < FRESH_MS) return listed.groups;
  const groups = new Map<number, string>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      groups.set(Number(name), readFileSync(`/proc/${name}/cgroup`, 'latin1'));
    } catch {
      // It has ended meanwhile.
    }
  }
  listed = { at: Date.now(), groups };
  return groups;
}
