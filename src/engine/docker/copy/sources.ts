/** Which live data a copy and its companions get copies of: whatever one of them may write, and what leads out. */

import { lstat, opendir, realpath } from 'node:fs/promises';
import { isEngineSocket } from '../../../contract/index.ts';
import { run } from '../../../host/index.ts';
import type { Inspect, MountPoint } from '../vendor.ts';

/** Something of the host's that is mounted into an original. */
export interface Source {
  /** On the engine's host, links resolved. */
  readonly path: string;
  readonly kind: 'folder' | 'file';
  /** Nothing is in it, so that the engine fills its volume from the image. */
  readonly empty: boolean;
}

/** So long a folder that is mounted read-only is looked through for sockets, in milliseconds. */
const LOOK_MS = 5000;

export type Mounted =
  /** It goes into a volume of the copies' own; null where nothing can be read from here. */
  | { readonly how: 'copied'; readonly source: Source | null }
  /** Mounted as it is, read-only. */
  | { readonly how: 'kept' }
  | { readonly how: 'left-out'; readonly because: string };

/** What becomes of each thing that is mounted into any of the containers, by its path on the host. */
export async function judgeSources(
  containers: readonly Inspect[],
  local: boolean,
): Promise<ReadonlyMap<string, Mounted>> {
  const all = containers.flatMap((one) => one.Mounts ?? []).filter(isFromHost);
  const writable = new Set(all.filter(({ RW }) => RW).map(sourceKey));
  const judged = new Map<string, Mounted>();
  for (const mount of all) {
    const key = sourceKey(mount);
    if (!judged.has(key)) judged.set(key, await judge(mount, writable.has(key), local));
  }
  return judged;
}

export function isFromHost({ Type: type }: MountPoint): boolean {
  return type === 'volume' || type === 'bind';
}

/** The same for all mounts of one thing. */
export function sourceKey({ Source = '', Name = '' }: MountPoint): string {
  return Source || Name;
}

async function judge(mount: MountPoint, writable: boolean, local: boolean): Promise<Mounted> {
  const path = mount.Source ?? '';
  if (isEngineSocket(path)) return { how: 'left-out', because: "it is the engine's socket" };
  const kind = local ? await kindOf(path) : 'unknown';
  if (kind === 'other') return { how: 'left-out', because: 'it is a socket or device of the host' };
  if (kind === 'unknown') return writable ? { how: 'copied', source: null } : { how: 'kept' };
  // Whoever serves behind a socket is live, also when the socket is mounted read-only.
  if (!writable && (kind === 'file' || !(await holdsSocket(path)))) return { how: 'kept' };
  const empty = kind === 'folder' && (await isEmpty(path));
  return { how: 'copied', source: { path: await realpath(path), kind, empty } };
}

async function kindOf(path: string): Promise<Source['kind'] | 'other' | 'unknown'> {
  try {
    const status = await lstat(await realpath(path));
    if (status.isDirectory()) return 'folder';
    return status.isFile() ? 'file' : 'other';
  } catch {
    return 'unknown';
  }
}

/** What cannot be looked through in time counts as one that holds some. */
async function holdsSocket(folder: string): Promise<boolean> {
  try {
    const words = [folder, '-xdev', '-type', 's', '-print', '-quit'];
    return (await run('find', words, { signal: AbortSignal.timeout(LOOK_MS) })).stdout !== '';
  } catch {
    return true;
  }
}

async function isEmpty(folder: string): Promise<boolean> {
  await using entries = await opendir(folder);
  return (await entries.read()) === null;
}
