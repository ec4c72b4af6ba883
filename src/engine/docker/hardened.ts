/** A hardened configuration laid over the request that makes a container like another one. */
import { constants, open } from 'node:fs/promises';
import { type HardenedConfiguration, type PlannedMount, plannedVolumeName } from '../../contract/index.ts';
import type { Client } from './client.ts';
import type { HostConfig, Inspect, MountRequest } from './vendor.ts';

/** Label of a volume that was made for a place of a hardened container. */
export const VOLUME_LABEL = 'pristine.volume-of';

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
  const taken = new Set([
    ...(host.Binds ?? []).map((bind) => bind.split(':')[1] ?? ''),
    ...(host.Mounts ?? []).map(({ Target }) => Target),
    ...Object.keys(host.Tmpfs ?? {}),
  ]);
  const free = configuration.mounts.filter(({ path }) => !taken.has(path));
  const tmpfs = free.filter(({ kind }) => kind === 'tmpfs');
  const volumes = free.filter(({ kind }) => kind === 'volume');
  const { capabilities, pidsLimit, memoryLimit } = configuration;
  return {
    ReadonlyRootfs: configuration.readOnlyRoot,
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
    ...(capabilities === null ? {} : { CapDrop: ['ALL'], CapAdd: [...capabilities] }),
    ...(configuration.groups.length === 0
      ? {}
      : { GroupAdd: [...(host.GroupAdd ?? []), ...configuration.groups.map(String)] }),
    SecurityOpt: securityOptions(host.SecurityOpt ?? [], configuration),
    ...(pidsLimit === null ? {} : { PidsLimit: pidsLimit }),
    // Swap as well, or the limit is one of memory alone.
    ...(memoryLimit === null ? {} : { Memory: memoryLimit, MemorySwap: memoryLimit }),
  };
}

/** Options in the words of mount(8), as the engine takes them for a tmpfs. */
function tmpfsOptions({ exec, size, mode, uid, gid, inodes }: PlannedMount): string {
  return [
    ...['rw', exec ? 'exec' : 'noexec', 'nosuid', 'nodev'],
    ...(size === null ? [] : [`size=${size}`]),
    ...(inodes === null ? [] : [`nr_inodes=${inodes}`]),
    ...[`mode=${mode.toString(8)}`, `uid=${uid}`, `gid=${gid}`],
  ].join(',');
}

function securityOptions(given: readonly string[], configuration: HardenedConfiguration): string[] {
  const unconfined = /^seccomp[=:]unconfined$/;
  const newPrivileges = /^no-new-privileges/;
  const kept = given.filter(
    (option) =>
      !(configuration.defaultSeccomp && unconfined.test(option)) &&
      !(configuration.noNewPrivileges && newPrivileges.test(option)),
  );
  return configuration.noNewPrivileges ? [...kept, 'no-new-privileges'] : kept;
}

/** The volume that a replacement of a container gets for a place. */
export function replacementVolume(name: string): (mount: PlannedMount) => string {
  return ({ path }) => plannedVolumeName(name, path);
}

/**
 * Gives the volumes of a container that was just created their owners; those that the image fills have them from there.
 * Works where the engine's storage is on this host.
 */
export async function ownVolumes(
  client: Client,
  container: Inspect,
  configuration: HardenedConfiguration,
): Promise<void> {
  for (const { path, kind, hydrated, uid, gid, mode } of configuration.mounts) {
    const name = container.Mounts?.find(({ Destination }) => Destination === path)?.Name;
    if (kind !== 'volume' || hydrated || name === undefined) continue;
    const { Mountpoint } = await client.ask('inspect a volume', client.quick.getVolume(name).inspect());
    await using folder = await open(Mountpoint, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    await folder.chown(uid, gid);
    await folder.chmod(mode);
  }
}
