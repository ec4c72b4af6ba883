import type { Client } from '../client.ts';
import type { Inspect, MountPoint, MountRequest } from '../vendor.ts';
import { SINGLE_FILE } from './data.ts';
import { fillVolume } from './fill.ts';
import { isFromHost, judgeSources, type Mounted, sourceKey } from './sources.ts';

export interface DataRequest {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The original first: its data has the first claim to the room. */
  readonly containers: readonly Inspect[];
  /** The engine's host is this one, and we may read there. */
  readonly local: boolean;
  readonly mostData: number;
  readonly signal: AbortSignal | undefined;
}

/** Copies of the data that a group of containers has, shared among their copies as they share it. */
export interface GroupData {
  readonly mounted: (mount: MountPoint) => MountRequest | null;
  readonly differences: readonly string[];
}

interface Made {
  readonly volume: string;
  readonly mountpoint: string;
  readonly filled: boolean;
}

/** Makes the volumes for all of them, and fills them. */
export async function copyData(client: Client, request: DataRequest): Promise<GroupData> {
  const { containers, labels, signal } = request;
  const judged = await judgeSources(containers, request.local);
  const made = new Map<string, Made>();
  const differences: string[] = [];
  let room = request.mostData;
  for (const owner of containers) {
    const whose = owner === containers[0] ? '' : `${owner.Name.slice(1)}: `;
    for (const mount of (owner.Mounts ?? []).filter(isFromHost)) {
      signal?.throwIfAborted();
      const key = sourceKey(mount);
      const { Destination: path } = mount;
      const found = judged.get(key);
      if (found?.how === 'left-out')
        differences.push(`${whose}It does not have what is mounted at ${path}: ${found.because}.`);
      if (found?.how !== 'copied' || made.has(key)) continue;
      const volume = `${request.name}-${made.size}`;
      const { source } = found;
      if (source === null)
        differences.push(
          `${whose}The data at ${path} cannot be read from here: it begins as the image has it.`,
        );
      const filled =
        source === null
          ? null
          : await fillVolume(client, { volume, labels, source, owner, path, room, signal });
      differences.push(...(filled?.differences ?? []).map((sentence) => `${whose}${sentence}`));
      room -= filled?.bytes ?? 0;
      // Also where nothing was copied; one that is there already is left as it is.
      const own = await client.ask(
        'create a volume',
        client.quick.createVolume({ Name: volume, Labels: { ...labels } }),
      );
      const { Mountpoint: mountpoint } = await client.ask('inspect a volume', own.inspect());
      made.set(key, { volume, mountpoint, filled: filled?.bytes != null && source?.empty === false });
    }
  }
  return { mounted: (mount) => mountOf(mount, judged.get(sourceKey(mount)), made), differences };
}

function mountOf(
  mount: MountPoint,
  found: Mounted | undefined,
  made: ReadonlyMap<string, Made>,
): MountRequest | null {
  const { Type: type, Name: name, Source: source = '', Destination: path, RW: writable } = mount;
  if (found === undefined || found.how === 'left-out') return null;
  if (found.how === 'kept')
    return { Type: type, Source: type === 'volume' ? (name ?? '') : source, Target: path, ReadOnly: true };
  const own = made.get(sourceKey(mount));
  if (own === undefined) return null;
  const ReadOnly = !writable;
  if (found.source?.kind === 'file') {
    // Only a bind puts a single file into a container.
    const file = `${own.mountpoint}/${SINGLE_FILE}`;
    return own.filled ? { Type: 'bind', Source: file, Target: path, ReadOnly } : null;
  }
  // What was filled already must not be filled from the image as well.
  const VolumeOptions = { NoCopy: own.filled };
  return { Type: 'volume', Source: own.volume, Target: path, ReadOnly, VolumeOptions };
}
