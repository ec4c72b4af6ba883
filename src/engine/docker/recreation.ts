import { IMAGE_LABEL, imageName } from './details.ts';
import { requestedEndpoint } from './networks.ts';
import type { Endpoint, HostConfig, Inspect, MountRequest, PortMap } from './vendor.ts';

/** How to make a container like another one. */
export interface Recreation {
  /** Body of `POST /containers/create`. */
  readonly body: Record<string, unknown>;
  /** Networks to connect before the start: an API of this age takes one at creation. */
  readonly furtherNetworks: Readonly<Record<string, Endpoint>>;
}

/** What a freeze took from the original; from its note, else from the engine. */
export interface NetworkState {
  readonly networks: Readonly<Record<string, Endpoint>>;
  readonly ports: PortMap;
}

/**
 * The request that makes a container like `original` from the same image id. Configuration goes over as it is,
 * but for what an inspect cannot give back as it was given:
 * the image (by id, since a tag moves), anonymous volumes (by name, to keep their data), a generated host name
 * and alias, `--volumes-from` (names the source container), and host ports that the engine had chosen.
 */
export function recreationOf(
  original: Inspect,
  network: NetworkState,
  labels: Readonly<Record<string, string>>,
): Recreation {
  const { Config: config, HostConfig: host } = original;
  const own = config.Labels ?? {};
  const primary = primaryNetwork(host.NetworkMode, network.networks);
  const { [primary ?? '']: first, ...others } = network.networks;
  const mounted = new Set((original.Mounts ?? []).map((mount) => mount.Destination));
  const volumes = Object.entries(config.Volumes ?? {}).filter(([path]) => !mounted.has(path));
  const body = {
    ...config,
    ...hostNames(original),
    Image: original.Image,
    // Null would mean the image's own; an empty one is how its absence is asked for.
    Entrypoint: config.Entrypoint?.length ? config.Entrypoint : [''],
    Volumes: Object.fromEntries(volumes),
    Labels: { ...own, [IMAGE_LABEL]: imageName(config.Image, own), ...labels },
    HostConfig: {
      ...host,
      ContainerIDFile: '',
      NetworkMode: networkMode(host.NetworkMode, primary, first),
      VolumesFrom: null,
      Mounts: [...namedMounts(host), ...impliedMounts(original)],
      PortBindings: pinnedPorts(original, network.ports),
    },
    ...(primary === null || first === undefined
      ? {}
      : { NetworkingConfig: { EndpointsConfig: { [primary]: requestedEndpoint(first, original.Id) } } }),
  };
  return { body, furtherNetworks: others };
}

/** No host name where the engine made it up, or where it belongs to someone else's namespace. */
function hostNames(original: Inspect): { Hostname?: string; Domainname?: string } {
  const { NetworkMode: mode, UTSMode: uts } = original.HostConfig;
  const shared = mode === 'host' || mode.startsWith('container:') || uts === 'host';
  const { Hostname: name = '', Domainname: domain = '' } = original.Config;
  if (shared) return { Hostname: '', Domainname: '' };
  return { Hostname: name === original.Id.slice(0, 12) ? '' : name, Domainname: domain };
}

/** The network that the container was created on, as the engine lists it; null when it has none to name. */
function primaryNetwork(mode: string, networks: Readonly<Record<string, Endpoint>>): string | null {
  if (['host', 'none'].includes(mode) || mode.startsWith('container:')) return null;
  const wanted = mode === 'default' ? 'bridge' : mode;
  if (wanted in networks) return wanted;
  const byId = Object.entries(networks).find(([, endpoint]) => endpoint.NetworkID === wanted);
  return byId?.[0] ?? Object.keys(networks)[0] ?? null;
}

/** As it was, unless the container has left that network since. */
function networkMode(mode: string, primary: string | null, endpoint: Endpoint | undefined): string {
  if (primary === null || mode === primary || mode === endpoint?.NetworkID) return mode;
  return mode === 'default' && primary === 'bridge' ? mode : primary;
}

/** Mounts that were asked for with all that is needed to ask again. */
function namedMounts(host: HostConfig): MountRequest[] {
  return (host.Mounts ?? []).filter((mount) => mount.Type !== 'volume' || Boolean(mount.Source));
}

/** Mounts that the engine made by itself: anonymous volumes, and those of `--volumes-from`. */
function impliedMounts(original: Inspect): MountRequest[] {
  const host = original.HostConfig;
  const asked = new Set(
    [
      ...(host.Binds ?? []).map((bind) => bind.split(':')[1] ?? ''),
      ...namedMounts(host).map((mount) => mount.Target),
      ...Object.keys(host.Tmpfs ?? {}),
    ].map(withoutTrailingSlash),
  );
  return (original.Mounts ?? [])
    .filter(
      (mount) =>
        ['volume', 'bind'].includes(mount.Type) && !asked.has(withoutTrailingSlash(mount.Destination)),
    )
    .map((mount) => ({
      Type: mount.Type,
      Source: (mount.Type === 'volume' ? mount.Name : mount.Source) ?? '',
      Target: mount.Destination,
      ReadOnly: !mount.RW,
      ...(mount.Type === 'bind' && mount.Propagation
        ? { BindOptions: { Propagation: mount.Propagation } }
        : {}),
    }));
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

/** Ports as asked for; where the engine had chosen the host's port, the same one, since clients know it. */
function pinnedPorts(original: Inspect, actual: PortMap): PortMap {
  const { PortBindings: asked, PublishAllPorts: all } = original.HostConfig;
  const bindings = Object.entries(asked ?? {}).map(([inside, given]) => {
    const known = chosenPort(actual[inside]);
    const [only] = given ?? [];
    if (given?.length !== 1 || only === undefined || /^[1-9]\d*$/.test(only.HostPort) || known === null)
      return [inside, given] as const;
    return [inside, [{ ...only, HostPort: known }]] as const;
  });
  const published = Object.keys(all ? actual : {})
    .filter((inside) => !(inside in (asked ?? {})))
    .flatMap((inside) => {
      const known = chosenPort(actual[inside]);
      return known === null ? [] : [[inside, [{ HostIp: '', HostPort: known }]] as const];
    });
  return Object.fromEntries([...bindings, ...published]);
}

/** The one host port behind which a container's port answers, on however many addresses. */
function chosenPort(bindings: PortMap[string] | undefined): string | null {
  const ports = new Set((bindings ?? []).map((binding) => binding.HostPort));
  return ports.size === 1 ? ([...ports][0] ?? null) : null;
}
