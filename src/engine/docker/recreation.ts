import type { HardenedConfiguration } from '../../contract/index.ts';
import { IMAGE_LABEL, imageName } from './details.ts';
import {
  HARDENING_LABEL,
  hardenedHost,
  hardeningLabel,
  replacementVolume,
  VOLUME_LABEL,
} from './hardened.ts';
import { requestedEndpoint } from './networks.ts';
import { recreatedMounts, shortLivedFolders } from './recreation-mounts.ts';
import { networkModeOf, pinnedPorts, primaryNetwork } from './recreation-network.ts';
import { NO_SUCCESSORS, pointedAt, type Successors } from './recreation-references.ts';
import type { Endpoint, HostConfig, Inspect, PortMap, RestartPolicy } from './vendor.ts';

/** Label of a container whose root filesystem was made read-only by us. */
export const READ_ONLY_LABEL = 'pristine.read-only';

/** Labels that say what part a container plays in one response; its own replacement plays another. */
export const PASSING_LABELS = [
  'pristine.incident',
  'pristine.replaces',
  'pristine.standby-for',
  'pristine.standby-name',
  'pristine.dependent-of',
  'pristine.was-running',
] as const;

/** How to make a container like another one. */
export interface Recreation {
  /** Body of `POST /containers/create`. */
  readonly body: Record<string, unknown>;
  /** Networks to connect before the start: an API of this age takes one at creation. */
  readonly furtherNetworks: Readonly<Record<string, Endpoint>>;
  /** All its networks, the one that it is created on first. */
  readonly networks: Readonly<Record<string, Endpoint>>;
}

/** What a freeze took from the original; from its note, else from the engine. */
export interface NetworkState {
  readonly networks: Readonly<Record<string, Endpoint>>;
  readonly ports: PortMap;
  readonly restartPolicy?: RestartPolicy;
}

export interface RecreationOptions {
  /** A read-only root filesystem, with a tmpfs at each of these folders. */
  readonly readOnly?: { readonly writable: readonly string[] } | undefined;
  /** A configuration laid over the original's; instead of `readOnly`. */
  readonly hardening?: HardenedConfiguration | undefined;
  /** Name that the container is known by, where it does not have it now; names its volumes. */
  readonly name?: string;
  /** Containers that have been replaced since the original was made. */
  readonly successors?: Successors;
}

/**
 * The request that makes a container like `original` from the same image id. Configuration goes over as it is,
 * but for what an inspect cannot give back as it was given:
 * the image (by id, since a tag moves), anonymous volumes (by name, to keep their data), a generated host name
 * and alias, `--volumes-from` (names the source container), host ports that the engine had chosen, and what
 * the engine adds again by itself. docs of the fields: `POST /containers/create` of the Docker Engine API.
 */
export function recreationOf(
  original: Inspect,
  network: NetworkState,
  labels: Readonly<Record<string, string>>,
  options: RecreationOptions = {},
): Recreation {
  const { Config: config, HostConfig: host } = original;
  const successors = options.successors ?? NO_SUCCESSORS;
  const primary = primaryNetwork(host.NetworkMode, network.networks);
  const networks = Object.fromEntries(
    Object.entries(network.networks).map(([name, endpoint]) => [name, linkedAnew(endpoint, successors)]),
  );
  const { [primary ?? '']: first, ...others } = networks;
  const mounted = new Set((original.Mounts ?? []).map((mount) => mount.Destination));
  const volumes = Object.entries(config.Volumes ?? {}).filter(([path]) => !mounted.has(path));
  const { hardening, name = original.Name.replace(/^\//, '') } = options;
  const asked = { ...host, ...recreatedMounts(original), SecurityOpt: securityOptions(host) };
  const hardened =
    hardening === undefined
      ? {}
      : hardenedHost(asked, hardening, replacementVolume(name), { [VOLUME_LABEL]: name });
  const body = {
    ...config,
    ...(hardening?.user ? { User: hardening.user } : {}),
    ...hostNames(original),
    ...(host.NetworkMode.startsWith('container:') ? { ExposedPorts: {} } : {}),
    Image: original.Image,
    // Null would mean the image's own; an empty one is how its absence is asked for.
    Entrypoint: config.Entrypoint?.length ? config.Entrypoint : [''],
    Volumes: Object.fromEntries(volumes),
    Labels: labelsOf(original, labels, options),
    HostConfig: {
      ...asked,
      ...(options.readOnly === undefined
        ? {}
        : {
            ReadonlyRootfs: true,
            Tmpfs: { ...host.Tmpfs, ...shortLivedFolders(original, options.readOnly) },
          }),
      ...namespaces(host, successors),
      ...(host.NanoCpus ? { CpuPeriod: 0, CpuQuota: 0 } : {}),
      ContainerIDFile: '',
      NetworkMode: networkModeOf(pointedAt(host.NetworkMode, successors), primary, first),
      PortBindings: pinnedPorts(host, network.ports),
      RestartPolicy: network.restartPolicy ?? host.RestartPolicy,
      ...hardened,
      Links: (host.Links ?? []).map((link) => successors.link(link)),
    },
    ...(primary === null || first === undefined
      ? {}
      : { NetworkingConfig: { EndpointsConfig: { [primary]: requestedEndpoint(first, original.Id) } } }),
  };
  const created = primary === null || first === undefined ? {} : { [primary]: first };
  return { body, furtherNetworks: others, networks: { ...created, ...others } };
}

function labelsOf(
  original: Inspect,
  labels: Readonly<Record<string, string>>,
  { readOnly, hardening }: RecreationOptions,
): Record<string, string> {
  const own = original.Config.Labels ?? {};
  const passing: ReadonlySet<string> = new Set(PASSING_LABELS);
  return {
    ...Object.fromEntries(Object.entries(own).filter(([name]) => !passing.has(name))),
    [IMAGE_LABEL]: imageName(original.Config.Image, own),
    ...(readOnly === undefined ? {} : { [READ_ONLY_LABEL]: 'true' }),
    ...(hardening === undefined ? {} : { [HARDENING_LABEL]: hardeningLabel(hardening) }),
    ...labels,
  };
}

/** No host name where the engine made it up, or where it belongs to someone else's namespace. */
function hostNames(original: Inspect): { Hostname?: string; Domainname?: string } {
  const { NetworkMode: mode, UTSMode: uts } = original.HostConfig;
  const { Hostname: name = '', Domainname: domain = '' } = original.Config;
  if (mode.startsWith('container:')) return { Hostname: '', Domainname: '' };
  const made = uts === 'host' || name === original.Id.slice(0, 12);
  return { Hostname: made ? '' : name, Domainname: domain };
}

/** Namespaces shared with a container point at the one that has its place now. */
function namespaces(host: HostConfig, successors: Successors): { IpcMode?: string; PidMode?: string } {
  return {
    ...(host.IpcMode === undefined ? {} : { IpcMode: pointedAt(host.IpcMode, successors) }),
    ...(host.PidMode === undefined ? {} : { PidMode: pointedAt(host.PidMode, successors) }),
  };
}

/** Without the one that the engine adds by itself where the host's namespaces are shared, lest it be there twice. */
function securityOptions(host: HostConfig): string[] | null {
  const options = host.SecurityOpt ?? null;
  const added = host.Privileged || host.IpcMode === 'host' || host.PidMode === 'host';
  const at = added ? (options?.lastIndexOf('label=disable') ?? -1) : -1;
  return at < 0 ? options : (options?.toSpliced(at, 1) ?? null);
}

function linkedAnew(endpoint: Endpoint, successors: Successors): Endpoint {
  if (!endpoint.Links?.length) return endpoint;
  return { ...endpoint, Links: endpoint.Links.map((link) => successors.link(link)) };
}
