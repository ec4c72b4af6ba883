import { isDeepStrictEqual } from 'node:util';
import { type Change, mountAt } from './compare-conditions.ts';
import { hardeningOf } from './hardened.ts';
import { recreationOf } from './recreation.ts';
import type { Inspect, MountRequest } from './vendor.ts';

/** Members of HostConfig that a hardening may change. */
export const HARDENED_MEMBERS = [
  ...['ReadonlyRootfs', 'Mounts', 'CapAdd', 'CapDrop', 'SecurityOpt', 'GroupAdd', 'PidsLimit'],
  ...['Memory', 'MemorySwap'],
];

/** Whether a member is what the configuration in the replacement's label makes of the original's. */
export function asHardened(change: Change): boolean {
  const { path, after, original, replacement } = change;
  const asked = askedFor(change);
  if (asked === null) return false;
  const [top = '', member = '', part = ''] = path;
  if (top === 'Mounts') {
    const request = list(asked.HostConfig.Mounts).find(({ Target }) => Target === member);
    const mount = mountAt(replacement, member);
    return (
      mountAt(original, member) === undefined &&
      request?.Type === 'volume' &&
      mount?.Type === 'volume' &&
      mount.Name === request.Source &&
      mount.RW
    );
  }
  if (top === 'Config') return isDeepStrictEqual(after, asked[member as 'User']);
  const wanted = asked.HostConfig[member as 'Tmpfs'] as unknown;
  if (member === 'Tmpfs') return after === (wanted as Record<string, string>)[part];
  return isDeepStrictEqual(ordered(member, after), ordered(member, wanted));
}

interface Asked {
  readonly User?: string;
  readonly HostConfig: Inspect['HostConfig'];
}

function askedFor({ original, replacement, successors }: Change): Asked | null {
  const hardening = hardeningOf(replacement);
  if (hardening === null) return null;
  const name = replacement.Name.replace(/^\//, '');
  const networks = original.NetworkSettings.Networks ?? {};
  const { body } = recreationOf(original, { networks, ports: {} }, {}, { hardening, name, successors });
  return body as unknown as Asked;
}

function list<T>(value: readonly T[] | null | undefined): readonly T[] {
  return value ?? [];
}

/** As the engine lists it: capabilities are a set, what is false or absent is left out, an absent list is an empty one. */
function ordered(member: string, value: unknown): unknown {
  if (!Array.isArray(value)) return value ?? [];
  if (member === 'Mounts') return value.map((request: MountRequest) => withoutDefaults(request));
  return member.startsWith('Cap') ? [...value].sort() : value;
}

function withoutDefaults(request: MountRequest): object {
  return Object.fromEntries(
    Object.entries(request).filter(([, value]) => value !== false && value !== undefined),
  );
}
