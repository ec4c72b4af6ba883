import type { HostConfig, Inspect, MountPoint, MountRequest } from './vendor.ts';

/** What a tmpfs of a read-only container may hold, in the words of mount(8): it lies in memory. */
export const TMPFS_OPTIONS = 'rw,noexec,nosuid,nodev,size=64m';

/** The members of HostConfig that ask for the mounts of `original`, each of them by name. */
export function recreatedMounts(
  original: Inspect,
): Pick<HostConfig, 'Binds' | 'VolumesFrom'> & { Mounts: MountRequest[] } {
  const host = original.HostConfig;
  const mounts = original.Mounts ?? [];
  const at = (path: string) => mounts.find((mount) => samePath(mount.Destination, path));
  // A bind that is a path alone asks for an anonymous volume.
  const binds = host.Binds?.filter((bind) => bind.includes(':')) ?? null;
  const requests = (host.Mounts ?? []).map((request) => named(request, at(request.Target)));
  const asked = [
    ...(binds ?? []).map((bind) => bind.split(':')[1] ?? ''),
    ...requests.map((request) => request.Target),
    ...Object.keys(host.Tmpfs ?? {}),
  ];
  const implied = mounts.filter(
    (mount) =>
      ['volume', 'bind'].includes(mount.Type) && !asked.some((path) => samePath(path, mount.Destination)),
  );
  return { Binds: binds, VolumesFrom: null, Mounts: [...requests, ...implied.map(requestOf)] };
}

/** A volume that was asked for without a name has one by now. */
function named(request: MountRequest, mount: MountPoint | undefined): MountRequest {
  if (request.Type !== 'volume' || request.Source || mount?.Name === undefined) return request;
  return { ...request, Source: mount.Name };
}

/** Asks for what the engine had made by itself: an anonymous volume, or a mount of `--volumes-from`. */
function requestOf(mount: MountPoint): MountRequest {
  const volume = mount.Type === 'volume';
  return {
    Type: mount.Type,
    Source: (volume ? mount.Name : mount.Source) ?? '',
    Target: mount.Destination,
    ReadOnly: !mount.RW,
    // One that was emptied since must not be filled from the image again.
    ...(volume ? { VolumeOptions: { NoCopy: true } } : {}),
    ...(!volume && mount.Propagation ? { BindOptions: { Propagation: mount.Propagation } } : {}),
  };
}

/** A tmpfs for each of the folders that is not on a mount already; to be added to HostConfig.Tmpfs. */
export function shortLivedFolders(
  original: Inspect,
  request: { readonly writable: readonly string[] },
): Record<string, string> {
  const taken = [
    ...(original.Mounts ?? []).map((mount) => mount.Destination),
    ...(original.HostConfig.Mounts ?? []).map((mount) => mount.Target),
    ...Object.keys(original.HostConfig.Tmpfs ?? {}),
  ];
  const free = request.writable
    .map(withoutTrailingSlash)
    .filter((path) => path !== '/' && !taken.some((mount) => isAtOrBelow(path, mount)));
  return Object.fromEntries(free.map((path) => [path, TMPFS_OPTIONS]));
}

export function isAtOrBelow(path: string, mount: string): boolean {
  const base = withoutTrailingSlash(mount);
  return path === base || path.startsWith(`${base}/`);
}

function samePath(one: string, other: string): boolean {
  return withoutTrailingSlash(one) === withoutTrailingSlash(other);
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}
