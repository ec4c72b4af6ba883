import { isDeepStrictEqual } from 'node:util';
import type { HardeningPlan } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { filled, literal } from './compose-words.ts';
import { defaultsOf, imageOf, type RawContainer } from './raw.ts';
import { ownLabels, ownVariables } from './run/identity.ts';
import { aliases, firstNetwork, isCommon, portWords } from './run/network.ts';

/** A container as a service of a Compose file, with what that refers to. */
export interface ComposeService {
  readonly service: Readonly<Record<string, unknown>>;
  readonly mounts: readonly object[];
  readonly volumes: Readonly<Record<string, object>>;
  readonly networks: Readonly<Record<string, object>>;
}

/** The configuration of a container that Compose did not make, but for what a plan has its own word on. */
export function composeService(
  details: ContainerDetails,
  raw: RawContainer,
  plan: HardeningPlan,
): ComposeService {
  const { Config: config, HostConfig: host } = raw;
  const image = defaultsOf(details);
  const { capabilities, memoryLimit, pidsLimit, user } = plan.configuration;
  const generated = config.Hostname === details.id.slice(0, 12) || host.NetworkMode === 'host';
  const joined = firstNetwork(raw).startsWith('container:');
  const volumes = details.mounts.filter(({ kind }) => kind === 'volume');
  const ports = joined ? [] : portWords(host.PortBindings ?? {});
  const entrypoint = config.Entrypoint ?? [];
  const sameEntrypoint = isDeepStrictEqual(entrypoint, image.Entrypoint ?? []);
  const service = {
    image: imageOf(details),
    ...(sameEntrypoint ? {} : { entrypoint: entrypoint.map(literal) }),
    ...(sameEntrypoint && isDeepStrictEqual(config.Cmd ?? [], image.Cmd ?? [])
      ? {}
      : filled('command', (config.Cmd ?? []).map(literal))),
    ...filled('environment', ownVariables(config.Env, image).map(literal)),
    ...filled('labels', ownLabels(config.Labels, image).map(literal)),
    ...given('working_dir', config.WorkingDir === image.WorkingDir ? null : config.WorkingDir),
    ...given('user', user === null && config.User !== image.User ? config.User : null),
    ...given('hostname', generated || joined ? null : config.Hostname),
    ...given('domainname', joined ? null : config.Domainname),
    ...given('tty', config.Tty),
    ...given('stdin_open', config.OpenStdin),
    ...given('stop_signal', config.StopSignal === image.StopSignal ? null : config.StopSignal),
    ...given('stop_grace_period', config.StopTimeout == null ? null : `${config.StopTimeout}s`),
    ...given('restart', restart(host.RestartPolicy)),
    ...(isDeepStrictEqual(config.Healthcheck, image.Healthcheck) ? {} : health(config.Healthcheck)),
    ...given('init', host.Init),
    ...(host.LogConfig
      ? { logging: { driver: host.LogConfig.Type, options: literals(host.LogConfig.Config) } }
      : {}),
    ...filled('ports', ports),
    ...networking(details, raw),
    ...(joined ? {} : { ...filled('dns', host.Dns ?? []), ...filled('dns_search', host.DnsSearch ?? []) }),
    ...(joined
      ? {}
      : { ...filled('dns_opt', host.DnsOptions ?? []), ...filled('extra_hosts', host.ExtraHosts ?? []) }),
    ...filled(
      'devices',
      (host.Devices ?? []).map(
        (device) => `${device.PathOnHost}:${device.PathInContainer}:${device.CgroupPermissions}`,
      ),
    ),
    ...given('privileged', host.Privileged),
    ...(capabilities === null
      ? { ...filled('cap_drop', host.CapDrop ?? []), ...filled('cap_add', host.CapAdd ?? []) }
      : {}),
    ...given('pid', host.PidMode),
    ...given('ipc', host.IpcMode === 'private' ? null : host.IpcMode),
    ...given('userns_mode', host.UsernsMode),
    ...given('cgroup_parent', host.CgroupParent),
    ...given('runtime', host.Runtime === 'runc' ? null : host.Runtime),
    ...given('shm_size', host.ShmSize === 64 * 1024 ** 2 ? null : host.ShmSize),
    ...(memoryLimit === null
      ? { ...given('mem_limit', host.Memory), ...given('memswap_limit', host.MemorySwap) }
      : {}),
    ...given('mem_reservation', host.MemoryReservation),
    ...(pidsLimit === null && (host.PidsLimit ?? 0) > 0 ? { pids_limit: host.PidsLimit } : {}),
    ...given('cpus', host.NanoCpus ? host.NanoCpus / 1e9 : null),
    ...given('cpu_shares', host.CpuShares),
    ...given('cpuset', host.CpusetCpus),
    ...given('oom_score_adj', host.OomScoreAdj),
    ...given('sysctls', host.Sysctls && Object.keys(host.Sysctls).length > 0 ? literals(host.Sysctls) : null),
    ...given(
      'ulimits',
      host.Ulimits?.length
        ? Object.fromEntries(host.Ulimits.map(({ Name, Soft, Hard }) => [Name, { soft: Soft, hard: Hard }]))
        : null,
    ),
  };
  return {
    service,
    mounts: details.mounts.filter(({ kind }) => kind === 'volume' || kind === 'bind').map(mount),
    volumes: Object.fromEntries(
      volumes.map(({ volume }) => [volume ?? '', { external: true, name: volume ?? '' }]),
    ),
    networks: Object.fromEntries(userNetworks(raw).map((name) => [name, { external: true, name }])),
  };
}

function given(name: string, value: unknown): Record<string, unknown> {
  return value === null || value === undefined || value === '' || value === 0 || value === false
    ? {}
    : { [name]: value };
}

function literals(record: Readonly<Record<string, string>> | null | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(record ?? {}).map(([name, value]) => [name, literal(value)]));
}

function mount({ kind, source, volume, destination, writable }: ContainerDetails['mounts'][number]): object {
  return {
    type: kind,
    source: literal((kind === 'volume' ? volume : source) ?? ''),
    target: literal(destination),
    ...(writable ? {} : { read_only: true }),
  };
}

function restart(policy: RawContainer['HostConfig']['RestartPolicy']): string | null {
  if (policy == null || policy.Name === '' || policy.Name === 'no') return null;
  return policy.MaximumRetryCount ? `${policy.Name}:${policy.MaximumRetryCount}` : policy.Name;
}

function health(check: RawContainer['Config']['Healthcheck']): object {
  if (check == null || !check.Test?.length) return {};
  // docker-compose 1 knows no nanoseconds.
  const span = (name: string, value: number | null | undefined) =>
    value ? { [name]: `${Math.round(value / 1000)}us` } : {};
  return {
    healthcheck: {
      test: check.Test.map(literal),
      ...span('interval', check.Interval),
      ...span('timeout', check.Timeout),
      ...span('start_period', check.StartPeriod),
      ...(check.Retries ? { retries: check.Retries } : {}),
    },
  };
}

function userNetworks(raw: RawContainer): string[] {
  const first = firstNetwork(raw);
  if (isCommon(first) || first.startsWith('container:')) return [];
  return Object.keys(raw.NetworkSettings.Networks ?? {}).filter((name) => !isCommon(name));
}

function networking(details: ContainerDetails, raw: RawContainer): object {
  const names = userNetworks(raw);
  if (names.length === 0) return { network_mode: firstNetwork(raw) };
  const endpoints = names.map((name) => {
    const endpoint = raw.NetworkSettings.Networks?.[name];
    const own = {
      ...filled('aliases', [details.name, ...aliases(details, endpoint)]),
      ...given('ipv4_address', endpoint?.IPAMConfig?.IPv4Address),
      ...given('ipv6_address', endpoint?.IPAMConfig?.IPv6Address),
    };
    return [name, own] as const;
  });
  return { networks: Object.fromEntries(endpoints) };
}
