import { isDeepStrictEqual } from 'node:util';
import type { HardeningPlan } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { defaultsOf, type RawContainer } from './raw.ts';
import { health, logging, ownLabels, ownVariables, pairs } from './run/identity.ts';
import { firstNetwork, isCommon } from './run/network.ts';
import { each, type Flag, listWord, when } from './shell.ts';

/** A container's configuration as options of `docker service create`, but for what a plan has its own word on. */
export function serviceFlags(
  details: ContainerDetails,
  raw: RawContainer,
  { configuration }: HardeningPlan,
): Flag[] {
  const { Config: config, HostConfig: host } = raw;
  const image = defaultsOf(details);
  const { capabilities, memoryLimit, pidsLimit, user } = configuration;
  const generated = config.Hostname === details.id.slice(0, 12) || host.NetworkMode === 'host';
  const network = firstNetwork(raw);
  const joined = network.startsWith('container:');
  const own = user === null && config.User !== image.User;
  return [
    ['--name', details.name],
    ...(generated ? [] : when('--hostname', config.Hostname)),
    ...each('--container-label', ownLabels(config.Labels, image)),
    ...each('--env', ownVariables(config.Env, image)),
    ...(config.WorkingDir === image.WorkingDir ? [] : when('--workdir', config.WorkingDir)),
    ...(config.Tty ? [['--tty']] : []),
    ...(config.StopSignal === image.StopSignal ? [] : when('--stop-signal', config.StopSignal)),
    ...(config.StopTimeout == null ? [] : [['--stop-grace-period', `${config.StopTimeout}s`]]),
    ...restart(host.RestartPolicy),
    ...(isDeepStrictEqual(config.Healthcheck, image.Healthcheck) ? [] : health(config.Healthcheck)),
    ...(host.Init ? [['--init']] : []),
    ...(host.LogConfig ? logging(host.LogConfig) : []),
    ...(isCommon(network) && network !== 'host' ? [] : when('--network', joined ? null : network)),
    ...each('--publish', publishedPorts(raw)),
    ...each('--dns', host.Dns),
    ...each('--dns-option', host.DnsOptions),
    ...each('--dns-search', host.DnsSearch),
    ...each('--host', host.ExtraHosts),
    ...each('--mount', details.mounts.map(mountWord)),
    ...(own ? when('--user', config.User) : []),
    ...each('--group', host.GroupAdd),
    ...(capabilities === null
      ? [...each('--cap-drop', host.CapDrop), ...each('--cap-add', host.CapAdd)]
      : []),
    ...(memoryLimit === null ? when('--limit-memory', host.Memory) : []),
    ...(pidsLimit === null && (host.PidsLimit ?? 0) > 0 ? when('--limit-pids', host.PidsLimit) : []),
    ...when('--limit-cpu', host.NanoCpus ? host.NanoCpus / 1e9 : null),
    ...each('--sysctl', pairs(host.Sysctls)),
    ...each(
      '--ulimit',
      host.Ulimits?.map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`),
    ),
  ];
}

/** What a service cannot have of a container's configuration. */
export function serviceNotes({ security }: ContainerDetails, raw: RawContainer): string[] {
  const { HostConfig: host } = raw;
  const network = firstNetwork(raw);
  const published = Object.values(host.PortBindings ?? {}).flatMap((list) => list ?? []);
  const lacking = [
    ...(security.privileged ? ['--privileged'] : []),
    ...(host.Devices?.length ? ['--device'] : []),
    ...(host.PidMode ? ['--pid'] : []),
    ...(['', 'private'].includes(host.IpcMode ?? '') ? [] : ['--ipc']),
    ...(host.Links?.length ? ['--link'] : []),
    ...(network.startsWith('container:') ? ['--network container:'] : []),
  ];
  return [
    ...(lacking.length === 0
      ? []
      : [`a service has no option for what the container has: ${lacking.join(', ')}`]),
    ...(isCommon(network) || network.startsWith('container:')
      ? []
      : [`the network ${network} has to be one of the swarm (docker network create --driver overlay)`]),
    ...(network === 'none' ? ['a service cannot be without any network'] : []),
    ...(published.some(({ HostIp }) => HostIp !== '')
      ? ['a service publishes its ports on all addresses']
      : []),
  ];
}

function restart(policy: RawContainer['HostConfig']['RestartPolicy']): Flag[] {
  const name = policy?.Name ?? '';
  if (name === '' || name === 'no') return [['--restart-condition', 'none']];
  if (name !== 'on-failure') return [['--restart-condition', 'any']];
  return [
    ['--restart-condition', 'on-failure'],
    ...when('--restart-max-attempts', policy?.MaximumRetryCount),
  ];
}

function publishedPorts({ HostConfig: host }: RawContainer): string[] {
  return Object.entries(host.PortBindings ?? {}).flatMap(([inside, bindings]) => {
    const [target = '', protocol = 'tcp'] = inside.split('/');
    return (bindings ?? []).map(({ HostPort: port }) =>
      [
        ...(port === '' || port === '0' ? [] : [`published=${port}`]),
        `target=${target}`,
        `protocol=${protocol}`,
      ].join(','),
    );
  });
}

function mountWord({
  kind,
  source,
  volume,
  destination,
  writable,
}: ContainerDetails['mounts'][number]): string {
  const from = kind === 'volume' ? volume : source;
  return listWord([
    `type=${kind === 'other' ? 'bind' : kind}`,
    ...(kind === 'tmpfs' ? [] : [`source=${from ?? ''}`]),
    `target=${destination}`,
    ...(writable ? [] : ['readonly']),
  ]);
}
