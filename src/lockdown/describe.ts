import { readFileSync } from 'node:fs';
import type { ContainerMount } from '../contract/index.ts';
import type { MountPoint } from '../linux/index.ts';
import { isBelow, isOverItself, planMounts, rootOf } from './plan.ts';
import type { Holder, LockReport, WritablePlace } from './report.ts';

const CAP_SYS_ADMIN = 1n << 21n;

export interface Outcome {
  readonly container: LockReport['container'];
  readonly initPid: number;
  /** The mount table once everything is done. */
  readonly mounts: readonly MountPoint[];
  readonly engineMounts: readonly ContainerMount[];
  readonly allow: readonly string[];
  /** Everybody who keeps a way to write through the root mount. */
  readonly holders: readonly Holder[];
  /** What could not be made read-only: paths, with the error's name. */
  readonly failures: ReadonlyMap<string, string>;
  /** Directories and files in the root directory that were too many to cover. */
  readonly uncovered: number;
}

/** What a lock has come to, from what is mounted now rather than from what was meant to be. */
export function describe(outcome: Outcome): LockReport {
  const { mounts, allow } = outcome;
  const root = rootOf(mounts);
  const whole = root?.readOnly === true;
  const plan = planMounts(mounts, outcome.engineMounts, allow);
  const open = new Set(plan.flags.map(({ mount }) => mount.path));
  const held = outcome.holders.filter(
    ({ how, path }) => !isBelow(path, allow) && (how === 'mapping' || !whole),
  );
  const writable: WritablePlace[] = [
    ...(whole ? [] : rootPlaces(outcome)),
    ...[...outcome.failures].map(([path, error]) => ({ path, because: inWords(error), intended: false })),
    ...allow
      .filter((path) => !plan.writable.some((place) => place.path === path))
      .map((path) => ({ path, because: 'it is allowed', intended: true })),
    ...plan.writable.filter(({ path }) => !outcome.failures.has(path)),
  ];
  const partial = held.length > 0 || writable.some(({ intended }) => !intended);
  return {
    container: outcome.container,
    state: partial ? 'partial' : 'locked',
    method: whole ? 'root' : 'covers',
    readOnly: readOnlyPaths(mounts),
    noexec: plan.noexec.filter((path) => !open.has(path)),
    writable,
    held,
    warnings: warnings(outcome.initPid),
  };
}

function rootPlaces({ uncovered }: Outcome): WritablePlace[] {
  const because =
    'names directly in it can be made, and links there replaced, as it cannot be made read-only as a whole now';
  const more = `${uncovered} of the files and directories in it were too many to cover`;
  return [
    { path: '/', because, intended: false },
    ...(uncovered === 0 ? [] : [{ path: '/', because: more, intended: false }]),
  ];
}

/** What is seen of the container's own files and of the engine's: what lies hidden under a cover counts for nothing. */
function readOnlyPaths(mounts: readonly MountPoint[]): string[] {
  const root = rootOf(mounts);
  if (root === undefined) return [];
  const top = [...new Map(mounts.map((mount) => [mount.path, mount])).values()];
  return top
    .filter((mount) => mount.readOnly && !isBelow(mount.path, ['/proc', '/sys']))
    .filter((mount) => mount.id === root.id || isOverItself(mount, root) || mount.path.startsWith('/etc/'))
    .map(({ path }) => path);
}

function inWords(error: string): string {
  if (error === 'EBUSY') return 'a file on it is open for writing';
  if (error === 'gone') return 'it was renamed or removed meanwhile';
  return `the kernel refused: ${error}`;
}

/** A process with that capability changes mounts as we do. */
function warnings(initPid: number): string[] {
  const bounding = /^CapBnd:\s*([0-9a-f]+)/m.exec(textOf(`/proc/${initPid}/status`))?.[1] ?? '0';
  if ((BigInt(`0x${bounding}`) & CAP_SYS_ADMIN) === 0n) return [];
  return [
    'The container has CAP_SYS_ADMIN: root in it can undo the lock, or avoid it in a mount namespace of its own.',
  ];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
