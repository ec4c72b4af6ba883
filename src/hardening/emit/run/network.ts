import type { ContainerDetails } from '../../../engine/index.ts';
import type { ImageDefaults, RawContainer } from '../raw.ts';
import { each, type Flag, listWord, when } from '../shell.ts';
import { pairs } from './identity.ts';

type Endpoint = NonNullable<RawContainer['NetworkSettings']['Networks']>[string];

/** The network that the container is made on, with its address there, its ports and its names. */
export function networkFlags(details: ContainerDetails, raw: RawContainer, image: ImageDefaults): Flag[] {
  const { HostConfig: host, Config: config } = raw;
  const name = firstNetwork(raw);
  if (name.startsWith('container:')) return [['--network', name]];
  const endpoint = raw.NetworkSettings.Networks?.[name];
  const exposed = Object.keys(config.ExposedPorts ?? {}).filter(
    (port) => !(port in (image.ExposedPorts ?? {})),
  );
  const published = host.PortBindings ?? {};
  return [
    ...(name === 'bridge' ? [] : networkFlag(name, endpoint)),
    ...(isCommon(name) ? [] : each('--network-alias', aliases(details, endpoint))),
    ...addresses(endpoint),
    ...when('--mac-address', config.MacAddress),
    ...each('--link', [...(host.Links ?? []), ...(endpoint?.Links ?? [])].map(linkWord)),
    ...portWords(published).map((port) => ['--publish', port]),
    ...(host.PublishAllPorts ? [['--publish-all']] : []),
    ...each(
      '--expose',
      exposed.filter((port) => !(port in published)),
    ),
    ...each('--dns', host.Dns),
    ...each('--dns-option', host.DnsOptions),
    ...each('--dns-search', host.DnsSearch),
    ...each('--add-host', host.ExtraHosts),
  ];
}

/** Its further networks, each as the words after `docker network connect`: engines before API 1.44 take one at a start. */
export function furtherNetworks(details: ContainerDetails, raw: RawContainer): Flag[] {
  const first = firstNetwork(raw);
  return Object.entries(raw.NetworkSettings.Networks ?? {})
    .filter(([name]) => name !== first && !isCommon(first.startsWith('container:') ? 'none' : 'user'))
    .map(([name, endpoint]) =>
      [
        ...each('--alias', name === 'bridge' ? [] : aliases(details, endpoint)),
        ...addresses(endpoint),
        ...each('--link', endpoint.Links?.map(linkWord)),
        ...each('--driver-opt', pairs(endpoint.DriverOpts)),
        [name, details.name],
      ].flat(),
    );
}

export function firstNetwork({ HostConfig: host, NetworkSettings: settings }: RawContainer): string {
  const mode = host.NetworkMode === 'default' ? 'bridge' : host.NetworkMode;
  const names = Object.keys(settings.Networks ?? {});
  if (names.includes(mode) || ['host', 'none'].includes(mode) || mode.startsWith('container:')) return mode;
  return names[0] ?? mode;
}

/** Networks of every engine, on which nothing has names. */
export function isCommon(network: string): boolean {
  return ['bridge', 'host', 'none'].includes(network);
}

function networkFlag(name: string, endpoint: Endpoint | undefined): Flag[] {
  const options = pairs(endpoint?.DriverOpts).map((option) => `driver-opt=${option}`);
  return [['--network', options.length === 0 ? name : listWord([`name=${name}`, ...options])]];
}

/** Without those that an engine gives by itself. */
export function aliases({ id, name }: ContainerDetails, endpoint: Endpoint | undefined): string[] {
  return (endpoint?.Aliases ?? []).filter((alias) => alias !== id.slice(0, 12) && alias !== name);
}

function addresses(endpoint: Endpoint | undefined): Flag[] {
  const asked = endpoint?.IPAMConfig;
  return [...when('--ip', asked?.IPv4Address), ...when('--ip6', asked?.IPv6Address)];
}

/** e.g. `127.0.0.1:8080:80/tcp`. */
export function portWords(published: NonNullable<RawContainer['HostConfig']['PortBindings']>): string[] {
  return Object.entries(published).flatMap(([inside, bindings]) =>
    (bindings ?? []).map(({ HostIp: ip, HostPort: asked }) => {
      const port = asked === '0' ? '' : asked;
      if (ip === '') return port === '' ? inside : `${port}:${inside}`;
      return `${ip.includes(':') ? `[${ip}]` : ip}:${port}:${inside}`;
    }),
  );
}

/** `/db:/web/database` is `db:database`. */
function linkWord(link: string): string {
  const [target = '', alias = ''] = link.split(':');
  const name = alias.slice(alias.lastIndexOf('/') + 1);
  return `${target.replace(/^\//, '')}${name === '' ? '' : `:${name}`}`;
}
