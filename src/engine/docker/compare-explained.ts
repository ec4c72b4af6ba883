import { isDeepStrictEqual } from 'node:util';
import { PLAN_LABEL } from '../../contract/index.ts';
import {
  asAsked,
  type Change,
  isAbsent,
  list,
  mountAt,
  namesWithout,
  pinnedAsKnown,
  plain,
  primaryOf,
  readOnlyAsked,
  requestAt,
  sameButCategories,
  sameMount,
  sameMountsAsked,
  text,
} from './compare-conditions.ts';
import { IMAGE_LABEL, imageName } from './details.ts';
import { HARDENING_LABEL, hardeningOf } from './hardened.ts';
import { asHardened, HARDENED_MEMBERS } from './hardened-differences.ts';
import { PASSING_LABELS, READ_ONLY_LABEL } from './recreation.ts';
import { TMPFS_OPTIONS } from './recreation-mounts.ts';
import { pointedAt } from './recreation-references.ts';

interface Explanation {
  /** Members from the top; `*` stands for any one, `A|B` for either. */
  readonly at: readonly string[];
  readonly because: string;
  /** Without it, every difference there is explained. */
  readonly when?: (change: Change) => boolean;
}

/** Why a member of a replacement differs, or null when nothing known explains it. */
export function becauseOf(change: Change): string | null {
  const fits = ({ at, when }: Explanation) =>
    at.length === change.path.length &&
    at.every((part, index) => part === '*' || part.split('|').includes(change.path[index] ?? '')) &&
    (when?.(change) ?? true);
  return EXPLAINED.find(fits)?.because ?? null;
}

const HARDENED = 'a hardened configuration was laid over it';

const endpoint = ['NetworkSettings', 'Networks', '*'];

/** All differences that a faithful replacement may have. */
export const EXPLAINED: readonly Explanation[] = [
  { at: ['Id'], because: 'each container has its own id' },
  { at: ['Created'], because: 'it was made later' },
  { at: ['State'], because: 'it lives its own life' },
  { at: ['RestartCount'], because: 'it lives its own life' },
  { at: ['ExecIDs'], because: 'it lives its own life' },
  { at: ['SizeRw|SizeRootFs'], because: 'its upper layer is its own' },
  { at: ['GraphDriver'], because: 'its upper layer is its own' },
  {
    at: ['LogPath|ResolvConfPath|HostnamePath|HostsPath'],
    because: 'the engine keeps such files by the id of the container',
  },
  { at: ['ProcessLabel|MountLabel'], because: 'SELinux chooses categories anew', when: sameButCategories },
  { at: ['AppArmorProfile'], because: 'it is set at the first start', when: ({ before }) => before === '' },
  {
    at: ['Config', 'Image'],
    because: 'it is made from the image id, as a tag may have moved',
    when: ({ after, original }) => after === original.Image,
  },
  {
    at: ['Config', 'Labels', IMAGE_LABEL],
    because: 'it keeps the name by which the image was known',
    when: ({ after, original: { Config: config } }) => after === imageName(config.Image, config.Labels ?? {}),
  },
  { at: ['Config', 'Labels', PASSING_LABELS.join('|')], because: 'it tells original and replacement apart' },
  {
    at: ['Config', 'Labels', READ_ONLY_LABEL],
    because: 'a read-only replacement was asked for',
    when: readOnlyAsked,
  },
  {
    at: ['Config', 'Labels', PLAN_LABEL],
    because: HARDENED,
    when: ({ replacement }) => hardeningOf(replacement) !== null,
  },
  {
    at: ['Config', 'Labels', HARDENING_LABEL],
    because: HARDENED,
    when: ({ replacement }) => hardeningOf(replacement) !== null,
  },
  { at: ['Config', 'User'], because: HARDENED, when: asHardened },
  { at: ['HostConfig', HARDENED_MEMBERS.join('|')], because: HARDENED, when: asHardened },
  { at: ['HostConfig', 'Tmpfs', '*'], because: HARDENED, when: asHardened },
  { at: ['Mounts', '*', '*'], because: HARDENED, when: asHardened },
  {
    at: ['HostConfig', 'ReadonlyRootfs'],
    because: 'a read-only replacement was asked for',
    when: (change) => readOnlyAsked(change) && change.after === true,
  },
  {
    at: ['HostConfig', 'Tmpfs', '*'],
    because: 'a read-only replacement was asked for',
    when: (change) => readOnlyAsked(change) && isAbsent(change.before) && change.after === TMPFS_OPTIONS,
  },
  {
    at: ['Config', 'Hostname'],
    because: 'a host name that nobody gave is the short id',
    when: ({ before, after, original, replacement }) =>
      before === original.Id.slice(0, 12) && after === replacement.Id.slice(0, 12),
  },
  {
    at: ['Config', 'Hostname|Domainname'],
    because: 'it is that of the container whose network it shares',
    when: ({ original }) => original.HostConfig.NetworkMode.startsWith('container:'),
  },
  {
    at: ['Config', 'Volumes', '*'],
    because: 'an anonymous volume is asked for by its name, to keep its data',
    when: ({ path, after, replacement }) =>
      isAbsent(after) && mountAt(replacement, path[2] ?? '') !== undefined,
  },
  {
    at: ['HostConfig', 'Binds'],
    because: 'an anonymous volume is asked for by its name, to keep its data',
    when: ({ before, after }) =>
      isDeepStrictEqual(
        list<string>(before).filter((bind) => text(bind).includes(':')),
        list(after),
      ),
  },
  {
    at: ['HostConfig', 'Mounts'],
    because: 'anonymous and borrowed volumes are asked for by name, to keep their data',
    when: sameMountsAsked,
  },
  {
    at: ['HostConfig', 'VolumesFrom'],
    because: 'what it borrowed is mounted by name, as the lender may go',
    when: ({ after, original, replacement }) =>
      isAbsent(after) &&
      (original.Mounts ?? []).every((mount) => sameMount(mount, mountAt(replacement, mount.Destination))),
  },
  {
    at: ['Mounts', '*', 'Mode'],
    because: 'the engine notes here how the mount was asked for, and it is now asked for by name',
    when: ({ path, original, replacement }) =>
      requestAt(original, path[1]) === undefined && requestAt(replacement, path[1]) !== undefined,
  },
  {
    at: ['HostConfig', 'PortBindings', '*'],
    because: 'a port that the engine had chosen stays the one that clients know',
    when: pinnedAsKnown,
  },
  {
    at: ['NetworkSettings', 'Ports', '*'],
    because: 'the original did not run, so that nobody knows a port of its',
    when: ({ original }) => Object.keys(original.NetworkSettings.Ports ?? {}).length === 0,
  },
  {
    at: ['NetworkSettings', 'Ports'],
    because: 'the original did not run, so that nobody knows a port of its',
    when: ({ before }) => isAbsent(before),
  },
  {
    at: ['HostConfig', 'NetworkMode|IpcMode|PidMode'],
    because: 'the container that it shares a namespace with was replaced too',
    when: ({ before, after, successors }) =>
      before !== after && pointedAt(text(before), successors) === after,
  },
  {
    at: ['HostConfig', 'NetworkMode'],
    because: 'it had left that network since it was made',
    when: ({ before, after, original }) => {
      const networks = original.NetworkSettings.Networks ?? {};
      const wanted = before === 'default' ? 'bridge' : text(before);
      return text(after) in networks && !(wanted in networks);
    },
  },
  {
    at: ['HostConfig', 'Links'],
    because: 'a link is listed with the names that both ends have now',
    when: ({ before, after, successors }) =>
      isDeepStrictEqual(
        list<string>(before)
          .map((link) => plain(successors.link(text(link))))
          .sort(),
        list<string>(after).map(plain).sort(),
      ),
  },
  {
    at: [...endpoint, 'Links'],
    because: 'the container that it links to was replaced too',
    when: ({ before, after, successors }) =>
      isDeepStrictEqual(
        list<string>(before).map((link) => successors.link(text(link))),
        list(after),
      ),
  },
  {
    at: [...endpoint, 'Aliases'],
    because: 'the engine adds the short id of each container',
    when: ({ before, after, original, replacement }) =>
      isDeepStrictEqual(namesWithout(before, original), namesWithout(after, replacement)),
  },
  {
    at: [...endpoint, 'DNSNames'],
    because: 'the engine adds the name and the short id of each container',
  },
  {
    at: [...endpoint, 'EndpointID|Gateway|IPPrefixLen|IPv6Gateway|GlobalIPv6PrefixLen|NetworkID'],
    because: 'the network gives it anew',
  },
  {
    at: [...endpoint, 'IPAddress'],
    because: 'the network gives it anew',
    when: (change) => asAsked(change, 'IPv4Address'),
  },
  {
    at: [...endpoint, 'GlobalIPv6Address'],
    because: 'the network gives it anew',
    when: (change) => asAsked(change, 'IPv6Address'),
  },
  {
    at: [...endpoint, 'MacAddress'],
    because: 'the network gives it anew',
    when: ({ original, path }) => !original.Config.MacAddress || path[2] !== primaryOf(original),
  },
  {
    at: [
      'NetworkSettings',
      'Bridge|SandboxID|SandboxKey|HairpinMode|EndpointID|Gateway|IPAddress|IPPrefixLen',
    ],
    because: 'the network gives it anew',
  },
  {
    at: ['NetworkSettings', 'IPv6Gateway|GlobalIPv6Address|GlobalIPv6PrefixLen|LinkLocalIPv6Address'],
    because: 'the network gives it anew',
  },
  {
    at: ['NetworkSettings', 'LinkLocalIPv6PrefixLen|SecondaryIPAddresses|SecondaryIPv6Addresses|MacAddress'],
    because: 'the network gives it anew',
  },
];
