/** A hardened configuration laid over the request that makes a container like another one. */

import {
  type HardenedConfiguration,
  hardenedConfigurationSchema,
  hardenedSecurityOptions,
  type PlannedMount,
  plannedVolumeName,
  tmpfsOptions,
} from '../../contract/index.ts';
import { capabilityName } from '../../linux/index.ts';
import { isAtOrBelow } from './recreation-mounts.ts';
import type { HostConfig, Inspect, MountRequest } from './vendor.ts';

/** Label of a volume that was made for a place of a hardened container. */
export const VOLUME_LABEL = 'pristine.volume-of';

/** Label of a container with the configuration that was laid over its original's, as JSON without the reasons. */
export const HARDENING_LABEL = 'pristine.hardening';

/** The members of a request's HostConfig that matter here. */
export type HostRequest = Pick<HostConfig, 'Tmpfs' | 'Binds' | 'SecurityOpt' | 'CapAdd' | 'CapDrop'> & {
  readonly Mounts?: readonly MountRequest[] | null;
  readonly GroupAdd?: readonly string[] | null;
};

/**
 * What a hardened configuration changes of HostConfig (`POST /containers/create` of the Docker Engine API). A mount
 * that the container has at a planned place already is left.
 *
 * @param volumeName names the volume of a planned place
 */
export function hardenedHost(
  host: HostRequest,
  configuration: HardenedConfiguration,
  volumeName: (mount: PlannedMount) => string,
  labels: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const taken = [
    ...(host.Binds ?? []).map((bind) => bind.split(':')[1] ?? ''),
    ...(host.Mounts ?? []).map(({ Target }) => Target),
    ...Object.keys(host.Tmpfs ?? {}),
  ];
  const free = configuration.mounts.filter(({ path }) => !taken.some((mount) => isAtOrBelow(path, mount)));
  const tmpfs = free.filter(({ kind }) => kind === 'tmpfs');
  const volumes = free.filter(({ kind }) => kind === 'volume');
  const { capabilities, pidsLimit, memoryLimit } = configuration;
  const groups = configuration.groups.map(String).filter((group) => !host.GroupAdd?.includes(group));
  return {
    ...(configuration.readOnlyRoot ? { ReadonlyRootfs: true } : {}),
    Tmpfs: {
      ...host.Tmpfs,
      ...Object.fromEntries(tmpfs.map((mount) => [mount.path, tmpfsOptions(mount)])),
    },
    Mounts: [
      ...(host.Mounts ?? []),
      ...volumes.map((mount) => ({
        Type: 'volume',
        Source: volumeName(mount),
        Target: mount.path,
        VolumeOptions: { Labels: labels },
      })),
    ],
    ...(capabilities === null ? {} : { CapDrop: ['ALL'], CapAdd: capabilities.map(listed).sort() }),
    ...(groups.length === 0 ? {} : { GroupAdd: [...(host.GroupAdd ?? []), ...groups] }),
    SecurityOpt: hardenedSecurityOptions(host.SecurityOpt ?? [], configuration),
    ...(pidsLimit === null ? {} : { PidsLimit: pidsLimit }),
    // Swap as well, or the limit is one of memory alone.
    ...(memoryLimit === null ? {} : { Memory: memoryLimit, MemorySwap: memoryLimit }),
  };
}

/** As the engine lists it. */
function listed(capability: string): string {
  return `CAP_${capabilityName(capability)}`;
}

export function hardeningLabel(configuration: HardenedConfiguration): string {
  return JSON.stringify({
    ...configuration,
    mounts: configuration.mounts.map((mount) => ({ ...mount, reasons: [] })),
  });
}

/** The configuration in a container's label; null when it has none that can be read. */
export function hardeningOf(container: Inspect): HardenedConfiguration | null {
  try {
    const label = JSON.parse(container.Config.Labels?.[HARDENING_LABEL] ?? 'null');
    return hardenedConfigurationSchema.safeParse(label).data ?? null;
  } catch {
    return null;
  }
}

/** The volume that a replacement of a container gets for a place. */
export function replacementVolume(name: string): (mount: PlannedMount) => string {
  return ({ path }) => plannedVolumeName(name, path);
}
