import { type HardeningPlan, plannedVolumeName, tmpfsOptions } from '../../../contract/index.ts';
import type { ContainerDetails } from '../../../engine/index.ts';
import type { RawContainer } from '../raw.ts';
import { each, type Flag, listWord } from '../shell.ts';

/** The mounts that the container has, then those of the plan, and its devices. */
export function placeFlags(details: ContainerDetails, raw: RawContainer, plan: HardeningPlan): Flag[] {
  const { HostConfig: host } = raw;
  const { configuration } = plan;
  // A bind that is a path alone asks for an anonymous volume, which has a name by now.
  const binds = (host.Binds ?? []).filter((bind) => bind.includes(':'));
  const bound = new Set(binds.map((bind) => bind.split(':')[1]));
  return [
    ...each('--volume', binds),
    ...details.mounts
      .filter(({ kind, destination }) => (kind === 'volume' || kind === 'bind') && !bound.has(destination))
      .map((mount) => ['--mount', listWord(mountFields(mount, raw))]),
    ...(host.Mounts ?? []).filter(({ Type }) => Type === 'tmpfs').map(memoryMount),
    ...Object.entries(host.Tmpfs ?? {}).map(([path, options]) => [
      '--tmpfs',
      options === '' ? path : `${path}:${options}`,
    ]),
    ...(configuration.readOnlyRoot ? [['--read-only']] : []),
    ...configuration.mounts.map((mount) =>
      mount.kind === 'tmpfs'
        ? ['--tmpfs', `${mount.path}:${tmpfsOptions(mount)}`]
        : [
            '--mount',
            listWord([
              'type=volume',
              `source=${plannedVolumeName(details.name, mount.path)}`,
              `target=${mount.path}`,
            ]),
          ],
    ),
    ...(host.ShmSize && host.ShmSize !== 64 * 1024 ** 2 ? [['--shm-size', String(host.ShmSize)]] : []),
    ...(host.Devices ?? []).map(({ PathOnHost, PathInContainer, CgroupPermissions }) => [
      '--device',
      `${PathOnHost}:${PathInContainer}:${CgroupPermissions}`,
    ]),
    ...each('--device-cgroup-rule', host.DeviceCgroupRules),
    ...(host.DeviceRequests ?? [])
      .filter(({ Capabilities }) => Capabilities?.some((set) => set.includes('gpu')))
      .map(({ Count, DeviceIDs }) => ['--gpus', gpus(Count ?? 0, DeviceIDs ?? [])]),
  ];
}

type Mount = ContainerDetails['mounts'][number];

function mountFields({ kind, source, volume, destination, writable }: Mount, raw: RawContainer): string[] {
  const request = raw.HostConfig.Mounts?.find(({ Target }) => Target === destination);
  const subpath = request?.VolumeOptions?.Subpath;
  const propagation = raw.Mounts?.find(({ Destination }) => Destination === destination)?.Propagation;
  return [
    `type=${kind}`,
    `source=${(kind === 'volume' ? volume : source) ?? ''}`,
    `target=${destination}`,
    ...(writable ? [] : ['readonly']),
    ...(subpath ? [`volume-subpath=${subpath}`] : []),
    ...(kind === 'bind' && propagation && propagation !== 'rprivate'
      ? [`bind-propagation=${propagation}`]
      : []),
  ];
}

function memoryMount({
  Target: target,
  TmpfsOptions: options,
}: NonNullable<RawContainer['HostConfig']['Mounts']>[number]): Flag {
  return [
    '--mount',
    listWord([
      'type=tmpfs',
      `target=${target}`,
      ...(options?.SizeBytes ? [`tmpfs-size=${options.SizeBytes}`] : []),
      ...(options?.Mode ? [`tmpfs-mode=${options.Mode.toString(8)}`] : []),
    ]),
  ];
}

function gpus(count: number, ids: readonly string[]): string {
  if (ids.length > 0) return `"device=${ids.join(',')}"`;
  return count < 0 ? 'all' : String(count);
}
