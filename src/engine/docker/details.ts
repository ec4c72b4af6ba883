import type { ContainerMount } from '../../contract/index.ts';
import { capabilityName } from '../../linux/index.ts';
import type {
  ContainerDetails,
  ContainerHealth,
  ContainerIsolation,
  ContainerSecurity,
  ContainerStatus,
  ContainerSummary,
} from '../port.ts';
import type { ImageRecord } from './images.ts';
import type { Note } from './notes.ts';
import { overlayOf } from './overlay.ts';
import { type HostConfig, type Inspect, NEVER, type PortMap } from './vendor.ts';

/** Label of a replacement with the image name that the user knew; the replacement itself is made from the id. */
export const IMAGE_LABEL = 'pristine.image';

/** The name by which the user knows the image. */
export function imageName(image: string, labels: Readonly<Record<string, string>>): string {
  return /^(sha256:)?[0-9a-f]{12,64}$/.test(image) ? (labels[IMAGE_LABEL] ?? image) : image;
}

/** A container in the port's words. `note` fills in what a freeze has taken from it. */
export function detailsOf(
  container: Inspect,
  given: { localStorage: boolean; image: ImageRecord; note: Note | null },
): ContainerDetails {
  const { State: state, Config: config, HostConfig: host } = container;
  const labels = config.Labels ?? {};
  const running = state.Running || state.Paused;
  const taken = state.Paused || (!state.Running && given.note?.taken) ? given.note : null;
  const networks = { ...taken?.networks, ...container.NetworkSettings.Networks };
  const ports = { ...taken?.ports, ...container.NetworkSettings.Ports };
  return {
    id: container.Id,
    name: container.Name.replace(/^\//, ''),
    image: imageName(config.Image, labels),
    imageId: container.Image,
    repoDigests: given.image.repoDigests,
    imageTags: given.image.tags,
    imageConfig: given.image.config,
    status: state.Status as ContainerStatus,
    labels,
    createdAt: new Date(container.Created).toISOString(),
    startedAt: state.StartedAt === NEVER ? null : new Date(state.StartedAt).toISOString(),
    pid: running && state.Pid > 0 ? state.Pid : null,
    exitCode: running || state.StartedAt === NEVER ? null : state.ExitCode,
    health: (state.Health?.Status ?? 'none') as ContainerHealth,
    entrypoint: [container.Path, ...(container.Args ?? [])],
    workingDirectory: config.WorkingDir || '/',
    networks: Object.keys(networks),
    ports: portLines(ports),
    mounts: mountsOf(container),
    overlay: given.localStorage ? overlayOf(container) : null,
    security: securityOf(host, config.User ?? '', config.Env ?? []),
    isolation: isolationOf(container),
    autoRemove: host.AutoRemove,
    raw: taken === null ? container : { ...container, NetworkBeforeFreeze: { networks, ports } },
  };
}

/** Where published ports answer, e.g. `127.0.0.1:8080->80/tcp`. */
export function portLines(ports: PortMap): string[] {
  return Object.entries(ports).flatMap(([inside, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => {
      const address = HostIp.includes(':') ? `[${HostIp}]` : HostIp || '0.0.0.0';
      return `${address}:${HostPort}->${inside}`;
    }),
  );
}

function mountsOf(container: Inspect): ContainerMount[] {
  const kinds = new Set(['volume', 'bind', 'tmpfs']);
  const listed = (container.Mounts ?? []).map((mount): ContainerMount => {
    const kind = kinds.has(mount.Type) ? (mount.Type as ContainerMount['kind']) : 'other';
    return {
      kind,
      destination: mount.Destination,
      source: kind === 'tmpfs' ? null : mount.Source || null,
      volume: mount.Name ?? null,
      writable: mount.RW,
    };
  });
  // `--tmpfs` is kept apart by the engine and not listed among the mounts.
  const memory = Object.entries(container.HostConfig.Tmpfs ?? {}).map(
    ([destination, options]): ContainerMount => ({
      kind: 'tmpfs',
      destination,
      source: null,
      volume: null,
      writable: !options.split(',').includes('ro'),
    }),
  );
  return [...listed, ...memory];
}

function securityOf(host: HostConfig, user: string, environment: readonly string[]): ContainerSecurity {
  const options = (host.SecurityOpt ?? []).map((option) => option.replace(':', '='));
  return {
    readOnlyRoot: host.ReadonlyRootfs ?? false,
    privileged: host.Privileged ?? false,
    user,
    capAdd: capabilities(host.CapAdd),
    capDrop: capabilities(host.CapDrop),
    noNewPrivileges: options.includes('no-new-privileges') || options.includes('no-new-privileges=true'),
    seccompUnconfined: (host.Privileged ?? false) || options.includes('seccomp=unconfined'),
    hostNetwork: host.NetworkMode === 'host',
    hostPid: host.PidMode === 'host',
    hostIpc: host.IpcMode === 'host',
    memoryLimit: host.Memory ? host.Memory : null,
    pidsLimit: host.PidsLimit && host.PidsLimit > 0 ? host.PidsLimit : null,
    environment,
  };
}

function isolationOf(container: Inspect): ContainerIsolation {
  const { HostConfig: host } = container;
  const networks = Object.values(container.NetworkSettings.Networks ?? {});
  return {
    hostUts: host.UTSMode === 'host',
    hostUsers: host.UsernsMode === 'host',
    appArmor: container.AppArmorProfile ?? '',
    selinux: container.ProcessLabel ?? '',
    devices: (host.Devices ?? []).map(({ PathOnHost, PathInContainer = PathOnHost }) => ({
      host: PathOnHost,
      container: PathInContainer,
    })),
    propagation: (container.Mounts ?? []).flatMap(({ Destination, Propagation = '' }) =>
      /^r?(shared|slave)$/.test(Propagation) ? { destination: Destination, mode: Propagation } : [],
    ),
    tmpfs: Object.entries(host.Tmpfs ?? {}).map(([destination, options]) => ({
      destination,
      options: options.split(',').filter((option) => option !== ''),
    })),
    gateways: networks.flatMap(({ Gateway, IPv6Gateway }) =>
      [Gateway, IPv6Gateway].filter((address) => address !== undefined && address !== ''),
    ) as string[],
  };
}

/** Without the `CAP_` that some engines put before them. */
function capabilities(names: readonly string[] | null | undefined): string[] {
  return (names ?? []).map(capabilityName);
}

/** An entry of `GET /containers/json`. */
export interface ListEntry {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly State: string;
  readonly Labels?: Record<string, string> | null;
  readonly Created: number;
}

/** A line of the engine's list in the port's words. */
export function summaryOf(entry: ListEntry): ContainerSummary {
  const labels = entry.Labels ?? {};
  return {
    id: entry.Id,
    name: ownNameIn(entry),
    image: imageName(entry.Image, labels),
    imageId: entry.ImageID,
    status: entry.State as ContainerStatus,
    labels,
    createdAt: new Date(entry.Created * 1000).toISOString(),
  };
}

/** A container's own name: one that others link to has further names, each with a second slash. */
export function ownNameIn(entry: Pick<ListEntry, 'Id' | 'Names'>): string {
  const own = entry.Names.find((name) => name.lastIndexOf('/') === 0) ?? entry.Names[0] ?? entry.Id;
  return own.replace(/^\//, '');
}
