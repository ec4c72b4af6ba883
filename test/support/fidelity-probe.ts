import { BUSYBOX, docker } from './engine.ts';

/**
 * What a container is like from inside: who it is, what it may, what it sees. Only busybox is needed. What belongs to
 * one run alone (ids, numbers of pipes and mount groups) is left out.
 */
const SCRIPT = `
id; hostname; cat /proc/sys/kernel/domainname; pwd
tr '\\0' '\\n' < /proc/1/environ | sort
tr '\\0' ' ' < /proc/1/cmdline; echo
grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:)' /proc/1/status
cat /proc/1/limits /proc/1/oom_score_adj /etc/resolv.conf /etc/hosts
for descriptor in 0 1 2; do readlink /proc/1/fd/$descriptor | sed 's/[0-9]//g'; done
awk '{ out = $4 " " $5 " " $6; for (i = 7; i <= NF; i++) if (i < 7 || $6 != "") { part = $i; if (part ~ /^(shared|master):/) gsub(/[0-9]/, "", part); out = out " " part } if ($0 !~ / overlay /) print out }' /proc/self/mountinfo | sort
cd /sys/fs/cgroup && for file in memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes memory/memory.swappiness memory/memory.oom_control cpu/cpu.shares cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpuset/cpuset.cpus pids/pids.max blkio/blkio.weight devices/devices.list; do echo $file; cat $file; done
cat /proc/sys/net/core/somaxconn /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shmmax
ls -l /dev | sed 's/  */ /g' | cut -d' ' -f1-6,10-
ls -d /sys/class/net/* | grep -vE '/(veth|br-)'; cat /proc/1/cgroup | sed 's/^[0-9]*//'
`;

/** The result of the script above in a running container, comparable with that in another one. */
export async function probe(id: string): Promise<string[]> {
  const inspected = JSON.parse(await docker('inspect', id))[0];
  const markers = inspected.Mounts.filter(({ Type }: { Type: string }) => Type === 'volume').map(
    ({ Destination }: { Destination: string }) => `cat ${Destination}/marker`,
  );
  const script = ['exec 2>&1', SCRIPT, ...markers.sort(), 'true'].join('\n');
  let text = await docker('exec', id, 'sh', '-c', script);
  const addresses = Object.values<{ IPAddress: string; GlobalIPv6Address: string }>(
    inspected.NetworkSettings.Networks,
  ).flatMap(({ IPAddress, GlobalIPv6Address }) => [IPAddress, GlobalIPv6Address]);
  for (const address of addresses.filter(Boolean)) text = text.replaceAll(address, 'ADDRESS');
  return text.replaceAll(id, 'ID').replaceAll(id.slice(0, 12), 'ID').split('\n');
}

/** Leaves a mark in each writable volume, for {@link probe} to read. */
export async function markVolumes(id: string): Promise<void> {
  const { Mounts: mounts } = JSON.parse(await docker('inspect', id))[0];
  for (const { Type, Name, RW } of mounts) {
    if (Type !== 'volume' || !RW) continue;
    const mount = `type=volume,src=${Name},dst=/v,volume-nocopy`;
    await docker(
      'run',
      '--rm',
      '--network',
      'none',
      '--mount',
      mount,
      BUSYBOX,
      'sh',
      '-c',
      'echo kept > /v/marker',
    );
  }
}

type Map = Record<string, unknown>;

/** What an inspect says of a container's configuration: an own, simple reading, to judge the real one by. */
export function settingsOf(inspected: Map): Map {
  const id = String(inspected.Id).slice(0, 12);
  const { Image: _image, Volumes: _volumes, Labels, Hostname, ...config } = inspected.Config as Map;
  const {
    Binds: _binds,
    Mounts: _mounts,
    VolumesFrom: _from,
    PortBindings: _ports,
    Links,
    ...host
  } = inspected.HostConfig as Map;
  const { Networks, Ports } = inspected.NetworkSettings as { Networks: Record<string, Map>; Ports: Map };
  return withoutEmpty({
    ...{ name: inspected.Name, path: inspected.Path, args: inspected.Args, image: inspected.Image },
    config,
    hostname: Hostname === id ? 'ID' : Hostname,
    labels: Object.fromEntries(
      Object.entries(Labels ?? {}).filter(([name]) => !name.startsWith('pristine.')),
    ),
    host,
    links: ((Links as string[] | null) ?? []).map((link) => link.replace(/:\/[^/]*\//, ':')),
    mounts: (inspected.Mounts as Map[])
      .map(({ Mode: _mode, ...mount }) => mount)
      .sort((a, b) => (String(a.Destination) < String(b.Destination) ? -1 : 1)),
    networks: Object.entries(Networks)
      .map(([name, { IPAMConfig, Links: links, Aliases, DriverOpts }]) => ({
        ...{ name, IPAMConfig, links, DriverOpts },
        aliases: ((Aliases as string[] | null) ?? []).filter((alias) => alias !== id).sort(),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    ports: Object.entries(Ports ?? {})
      .map(
        ([inside, answers]) =>
          `${inside} ${((answers as Map[] | null) ?? []).map((at) => JSON.stringify(at)).sort()}`,
      )
      .sort(),
  }) as Map;
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, member]) => [name, withoutEmpty(member)] as const);
  const isEmpty = (member: unknown) =>
    member === null || (typeof member === 'object' && Object.keys(member).length === 0);
  return Object.fromEntries(entries.filter(([, member]) => !isEmpty(member)));
}
