import { isDeepStrictEqual } from 'node:util';
import { READ_ONLY_LABEL } from './recreation.ts';
import { pinnedPorts } from './recreation-network.ts';
import type { Successors } from './recreation-references.ts';
import type { Endpoint, Inspect, MountPoint, MountRequest } from './vendor.ts';

/** A member that differs, and what may explain it. */
export interface Change {
  /** e.g. `['HostConfig', 'Binds']`. */
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
  readonly original: Inspect;
  readonly replacement: Inspect;
  readonly successors: Successors;
}

export function isAbsent(value: unknown): boolean {
  return (
    value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)
  );
}

/** A member as text; what is no text equals none that is wanted. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : `${JSON.stringify(value)}`;
}

/** A list; absent it is empty, and anything else is no list of what is wanted, and so equals none. */
export function list<T>(value: unknown): T[] {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? value : [value as T];
}

export function readOnlyAsked({ replacement }: Change): boolean {
  return replacement.Config.Labels?.[READ_ONLY_LABEL] === 'true';
}

export function sameButCategories({ before, after }: Change): boolean {
  const plainLabel = (label: unknown) => text(label).replace(/:c\d+(,c\d+)*$/, '');
  return plainLabel(before) === plainLabel(after);
}

export function mountAt(container: Inspect, path: string | undefined): MountPoint | undefined {
  const place = text(path).replace(/(?<=.)\/+$/, '');
  return container.Mounts?.find((mount) => mount.Destination.replace(/(?<=.)\/+$/, '') === place);
}

export function requestAt(container: Inspect, path: string | undefined): MountRequest | undefined {
  return container.HostConfig.Mounts?.find((request) => request.Target === path);
}

export function sameMount(one: MountPoint, other: MountPoint | undefined): boolean {
  if (other === undefined) return false;
  const same = one.Type === other.Type && one.RW === other.RW && one.Propagation === other.Propagation;
  return same && one.Source === other.Source && one.Name === other.Name;
}

/** Every mount that was asked for still is, with its source filled in; every further one was there before. */
export function sameMountsAsked({ before, after, original }: Change): boolean {
  const were = list<MountRequest>(before);
  const kept = were.every((request, index) => {
    const now = list<MountRequest>(after)[index];
    const source = request.Source || mountAt(original, request.Target)?.Name;
    return isDeepStrictEqual(request.Type === 'volume' ? { ...request, Source: source } : request, now);
  });
  const further = list<MountRequest>(after).slice(were.length);
  return (
    kept &&
    further.every((request) => {
      const mount = mountAt(original, request.Target);
      const source = mount?.Type === 'volume' ? mount.Name : mount?.Source;
      return (
        mount !== undefined &&
        mount.Type === request.Type &&
        source === request.Source &&
        mount.RW !== (request.ReadOnly ?? false)
      );
    })
  );
}

export function pinnedAsKnown({ path, after, original }: Change): boolean {
  const pinned = pinnedPorts(original.HostConfig, original.NetworkSettings.Ports ?? {});
  return isDeepStrictEqual(after, pinned[path[2] ?? '']);
}

/** A link without the name of the container that has it. */
export function plain(link: string): string {
  const [source = '', alias = ''] = text(link).split(':');
  return `${source.replace(/^\//, '')}:${alias.split('/').at(-1)}`;
}

export function namesWithout(names: unknown, container: Inspect): string[] {
  return [...new Set(list<string>(names))].filter((name) => name !== container.Id.slice(0, 12)).sort();
}

/** An address that was asked for must be had, and had where the container runs. */
export function asAsked(
  { path, after, original, replacement }: Change,
  member: 'IPv4Address' | 'IPv6Address',
): boolean {
  const endpoint: Endpoint | undefined = original.NetworkSettings.Networks?.[path[2] ?? ''];
  const asked = endpoint?.IPAMConfig?.[member];
  return !asked || after === asked || !replacement.State.Running;
}

export function primaryOf({ HostConfig: { NetworkMode: mode } }: Inspect): string {
  return mode === 'default' ? 'bridge' : mode;
}
