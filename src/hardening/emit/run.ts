import { type HardeningPlan, plannedVolumeName } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { type RawContainer, rawOf } from './raw.ts';
import { commentLines, securityOptions, shellWord, tmpfsOptions } from './words.ts';

/**
 * The whole container with the plan as one `docker run`, after comments and `docker volume create`: piped into `sh` it
 * runs, once the one that it replaces is out of the way.
 */
export function emitRun(details: ContainerDetails, plan: HardeningPlan): string {
  const raw = rawOf(details);
  const { configuration } = plan;
  const volumes = configuration.mounts.filter(({ kind }) => kind === 'volume');
  const name = (path: string) => plannedVolumeName(details.name, path);
  const flags = [
    ['--name', details.name],
    ...identity(details, raw),
    ...network(details, raw),
    ...places(details, raw),
    ...(configuration.readOnlyRoot ? [['--read-only']] : []),
    ...configuration.mounts
      .filter(({ kind }) => kind === 'tmpfs')
      .map((mount) => ['--tmpfs', `${mount.path}:${tmpfsOptions(mount)}`]),
    ...volumes.map(({ path }) => ['--mount', `type=volume,source=${name(path)},target=${path}`]),
    ...privileges(raw, plan),
    ...limits(raw, plan),
  ];
  const { words, entrypoint } = program(raw);
  const command = [
    'docker run --detach',
    ...[...flags, ...entrypoint].map((flag) => flag.map(shellWord).join(' ')),
    [imageOf(details), ...words].map(shellWord).join(' '),
  ];
  const owners = volumes.filter(({ hydrated, uid, gid }) => !hydrated && (uid !== 0 || gid !== 0));
  return [
    ...commentLines(plan).map((line) => `# ${line}`),
    `# First take the old one away: docker rm -f ${shellWord(details.name)}`,
    ...owners.map(
      ({ path, uid, gid }) =>
        `# ${path} has to belong to ${uid}:${gid}; the engine takes that from the image.`,
    ),
    ...volumes.map(({ path }) => `docker volume create ${shellWord(name(path))} >/dev/null`),
    command.join(' \\\n  '),
    '',
  ].join('\n');
}

/** The name that the user knows it by; an id where there is none. */
function imageOf({ image, imageId }: ContainerDetails): string {
  return image === '' ? imageId : image;
}

function identity({ id }: ContainerDetails, { Config: config, HostConfig: host }: RawContainer): string[][] {
  const made = config.Hostname === id.slice(0, 12) || host.NetworkMode === 'host';
  const labels = Object.entries(config.Labels ?? {}).filter(
    ([label]) => !label.startsWith('pristine.replaces'),
  );
  return [
    ...(config.Hostname && !made && !host.NetworkMode.startsWith('container:')
      ? [['--hostname', config.Hostname]]
      : []),
    ...labels.map(([label, value]) => ['--label', `${label}=${value}`]),
    ...(config.Env ?? []).map((variable) => ['--env', variable]),
    ...(config.WorkingDir ? [['--workdir', config.WorkingDir]] : []),
    ...(config.Tty ? [['--tty']] : []),
    ...(config.OpenStdin ? [['--interactive']] : []),
    ...(config.StopSignal ? [['--stop-signal', config.StopSignal]] : []),
    ...(config.StopTimeout == null ? [] : [['--stop-timeout', String(config.StopTimeout)]]),
    ...(host.AutoRemove ? [['--rm']] : restart(host.RestartPolicy)),
    ...health(config.Healthcheck),
    ...(host.Init ? [['--init']] : []),
    ...(host.LogConfig ? logging(host.LogConfig) : []),
  ];
}

function restart(policy: RawContainer['HostConfig']['RestartPolicy']): string[][] {
  if (policy == null || policy.Name === '' || policy.Name === 'no') return [];
  const most = policy.Name === 'on-failure' && policy.MaximumRetryCount ? `:${policy.MaximumRetryCount}` : '';
  return [['--restart', `${policy.Name}${most}`]];
}

/** Nanoseconds, as the engine has them. */
function health(check: RawContainer['Config']['Healthcheck']): string[][] {
  const [kind, ...words] = check?.Test ?? [];
  if (check == null || kind === undefined) return [];
  if (kind === 'NONE') return [['--no-healthcheck']];
  const command = kind === 'CMD' ? words.map(shellWord).join(' ') : words.join(' ');
  const span = (flag: string, value: number | null | undefined) => (value ? [[flag, `${value}ns`]] : []);
  return [
    ['--health-cmd', command],
    ...span('--health-interval', check.Interval),
    ...span('--health-timeout', check.Timeout),
    ...span('--health-start-period', check.StartPeriod),
    ...(check.Retries ? [['--health-retries', String(check.Retries)]] : []),
  ];
}

function logging({
  Type: type,
  Config: options,
}: NonNullable<RawContainer['HostConfig']['LogConfig']>): string[][] {
  if (type === '' || (type === 'json-file' && Object.keys(options ?? {}).length === 0)) return [];
  return [
    ['--log-driver', type],
    ...Object.entries(options ?? {}).map(([name, value]) => ['--log-opt', `${name}=${value}`]),
  ];
}

function network({ id }: ContainerDetails, raw: RawContainer): string[][] {
  const { HostConfig: host, NetworkSettings: settings, Config: config } = raw;
  const own = Object.entries(settings.Networks ?? {});
  const mode = host.NetworkMode === 'default' ? 'bridge' : host.NetworkMode;
  const [first] = own;
  const name = own.some(([known]) => known === mode) || !first ? mode : first[0];
  const endpoint = settings.Networks?.[name];
  const common = ['bridge', 'host', 'none'].includes(name) || name.startsWith('container:');
  const aliases = common ? [] : (endpoint?.Aliases ?? []).filter((alias) => alias !== id.slice(0, 12));
  const ports = Object.entries(host.PortBindings ?? {}).flatMap(([inside, bindings]) =>
    (bindings ?? []).map(({ HostIp: ip, HostPort: port }) => [
      '--publish',
      `${ip === '' ? '' : `${ip.includes(':') ? `[${ip}]` : ip}:`}${port === '' || port === '0' ? '' : port}${ip === '' && port === '' ? '' : ':'}${inside}`,
    ]),
  );
  return [
    ...(name === 'bridge' ? [] : [['--network', name]]),
    ...aliases.map((alias) => ['--network-alias', alias]),
    ...(endpoint?.IPAMConfig?.IPv4Address ? [['--ip', endpoint.IPAMConfig.IPv4Address]] : []),
    ...(host.Links ?? []).map((link) => ['--link', linkWord(link)]),
    ...ports,
    ...(host.PublishAllPorts ? [['--publish-all']] : []),
    ...Object.keys(config.ExposedPorts ?? {}).map((port) => ['--expose', port]),
    ...(host.Dns ?? []).map((server) => ['--dns', server]),
    ...(host.DnsOptions ?? []).map((option) => ['--dns-option', option]),
    ...(host.DnsSearch ?? []).map((domain) => ['--dns-search', domain]),
    ...(host.ExtraHosts ?? []).map((line) => ['--add-host', line]),
  ];
}

/** `/db:/web/database` is `db:database`. */
function linkWord(link: string): string {
  const [target = '', alias = ''] = link.split(':');
  return `${target.replace(/^\//, '')}:${alias.slice(alias.lastIndexOf('/') + 1)}`;
}

function places({ mounts }: ContainerDetails, { HostConfig: host }: RawContainer): string[][] {
  return [
    ...mounts
      .filter(({ kind }) => kind === 'volume' || kind === 'bind')
      .map(({ kind, source, volume, destination, writable }) => [
        '--mount',
        `type=${kind},source=${(kind === 'volume' ? volume : source) ?? ''},target=${destination}${writable ? '' : ',readonly'}`,
      ]),
    ...Object.entries(host.Tmpfs ?? {}).map(([path, options]) => [
      '--tmpfs',
      options === '' ? path : `${path}:${options}`,
    ]),
    ...(host.ShmSize && host.ShmSize !== 64 * 1024 ** 2 ? [['--shm-size', String(host.ShmSize)]] : []),
    ...(host.Devices ?? []).map(({ PathOnHost, PathInContainer, CgroupPermissions }) => [
      '--device',
      `${PathOnHost}:${PathInContainer}:${CgroupPermissions}`,
    ]),
  ];
}

function privileges({ Config: config, HostConfig: host }: RawContainer, plan: HardeningPlan): string[][] {
  const { capabilities, user, groups } = plan.configuration;
  const [drop, add] =
    capabilities === null ? [host.CapDrop ?? [], host.CapAdd ?? []] : [['ALL'], capabilities];
  const who = user ?? config.User;
  return [
    ...(host.Privileged ? [['--privileged']] : []),
    ...drop.map((name) => ['--cap-drop', name]),
    ...add.map((name) => ['--cap-add', name]),
    ...securityOptions(host.SecurityOpt ?? [], plan).map((option) => ['--security-opt', option]),
    ...(who ? [['--user', who]] : []),
    ...[...(host.GroupAdd ?? []), ...groups.map(String)].map((group) => ['--group-add', group]),
    ...(host.PidMode ? [['--pid', host.PidMode]] : []),
    ...(host.IpcMode && host.IpcMode !== 'private' ? [['--ipc', host.IpcMode]] : []),
    ...(host.UTSMode ? [['--uts', host.UTSMode]] : []),
    ...(host.UsernsMode ? [['--userns', host.UsernsMode]] : []),
    ...(host.Runtime && host.Runtime !== 'runc' ? [['--runtime', host.Runtime]] : []),
    ...(host.CgroupParent ? [['--cgroup-parent', host.CgroupParent]] : []),
  ];
}

function limits({ HostConfig: host }: RawContainer, { configuration }: HardeningPlan): string[][] {
  const memory = configuration.memoryLimit ?? host.Memory ?? 0;
  const swap = configuration.memoryLimit ?? host.MemorySwap ?? 0;
  const pids = configuration.pidsLimit ?? host.PidsLimit ?? 0;
  return [
    ...(memory > 0 ? [['--memory', String(memory)]] : []),
    ...(swap !== 0 ? [['--memory-swap', String(swap)]] : []),
    ...(pids > 0 ? [['--pids-limit', String(pids)]] : []),
    ...(host.NanoCpus ? [['--cpus', String(host.NanoCpus / 1e9)]] : []),
    ...(host.CpuShares ? [['--cpu-shares', String(host.CpuShares)]] : []),
    ...(host.CpusetCpus ? [['--cpuset-cpus', host.CpusetCpus]] : []),
    ...(host.OomScoreAdj ? [['--oom-score-adj', String(host.OomScoreAdj)]] : []),
    ...Object.entries(host.Sysctls ?? {}).map(([name, value]) => ['--sysctl', `${name}=${value}`]),
    ...(host.Ulimits ?? []).map(({ Name, Soft, Hard }) => ['--ulimit', `${Name}=${Soft}:${Hard}`]),
  ];
}

/** The command as the container has it; an entrypoint of several words goes before the arguments. */
function program({ Config: config }: RawContainer): { words: string[]; entrypoint: string[][] } {
  const [first, ...rest] = config.Entrypoint ?? [];
  const words = [...rest, ...(config.Cmd ?? [])];
  return { words, entrypoint: first === undefined ? [] : [['--entrypoint', first]] };
}
