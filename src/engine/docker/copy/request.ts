import type { HardenedConfiguration } from '../../../contract/index.ts';
import { hardenedHost } from '../hardened.ts';
import { recreationOf } from '../recreation.ts';
import type { Inspect, MountPoint, MountRequest } from '../vendor.ts';
import { COPIED_NAME, COPIES_OF, COPY_GROUP } from './labels.ts';

export interface CopyPlan {
  readonly name: string;
  /** Network of the copies. */
  readonly network: string;
  readonly group: string;
  readonly originalId: string;
  /** Names by which others find it. */
  readonly aliases: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly configuration: HardenedConfiguration | null;
}

/** Live data that is to be copied into a volume of the copy's own. */
export interface DataCopy {
  readonly from: string;
  readonly path: string;
}

export interface CopyBody {
  readonly body: Record<string, unknown>;
  readonly data: readonly DataCopy[];
  /** Volumes whose place the image may not have: they need an owner. */
  readonly differences: readonly string[];
}

const ENGINE_SOCKET = /\/(docker|containerd|podman|crio)\.sock$/;

/** The request that makes a copy, and what of the live data belongs into it. */
export function copyBody(original: Inspect, plan: CopyPlan): CopyBody {
  const { body } = recreationOf(original, { networks: {}, ports: {}, restartPolicy: { Name: 'no' } }, {});
  const differences: string[] = [];
  const volumeLabels = { [COPIES_OF]: plan.originalId, [COPY_GROUP]: plan.group };
  const volume = (path: string) => `${plan.name}${path.replaceAll(/[^A-Za-z0-9_.-]+/g, '-')}`;
  const data: DataCopy[] = [];
  const mounts: MountRequest[] = [];
  for (const mount of original.Mounts ?? []) {
    const copied = copiedMount(mount, volume, volumeLabels, differences);
    if (copied === null) continue;
    mounts.push(copied.request);
    if (copied.from !== null) data.push({ from: copied.from, path: mount.Destination });
  }
  const host = original.HostConfig;
  const asked = (host.Mounts ?? []).filter(({ Type }) => Type === 'tmpfs');
  const confined = {
    ...(body.HostConfig as Record<string, unknown>),
    ...{ Binds: null, VolumesFrom: null, Mounts: [...asked, ...mounts] },
    ...{ RestartPolicy: { Name: 'no' }, AutoRemove: false, PortBindings: {}, PublishAllPorts: false },
    ...{ Links: null, NetworkMode: plan.network, ContainerIDFile: '' },
    ...namespaces(original, differences),
  };
  if ((host.Links ?? []).length > 0) differences.push('It has no variables of links, only the names.');
  const { configuration } = plan;
  const hardened =
    configuration === null
      ? {}
      : hardenedHost(confined as never, configuration, ({ path }) => volume(path), volumeLabels);
  return {
    body: {
      ...body,
      ...(configuration?.user ? { User: configuration.user } : {}),
      // Labels of the original would have others take the copy for it.
      Labels: { ...plan.labels, ...volumeLabels, [COPIED_NAME]: original.Name.slice(1) },
      MacAddress: '',
      HostConfig: { ...confined, ...hardened },
      NetworkingConfig: { EndpointsConfig: { [plan.network]: { Aliases: [...plan.aliases] } } },
    },
    data,
    differences,
  };
}

function copiedMount(
  mount: MountPoint,
  volume: (path: string) => string,
  labels: Readonly<Record<string, string>>,
  differences: string[],
): { request: MountRequest; from: string | null } | null {
  const { Type: type, Source: source = '', Destination: path, RW: writable, Name: name } = mount;
  if (ENGINE_SOCKET.test(source)) {
    differences.push(`It does not have the engine's socket at ${path}.`);
    return null;
  }
  if (type !== 'volume' && type !== 'bind') return null;
  if (!writable) {
    const from = type === 'volume' ? (name ?? '') : source;
    return { request: { Type: type, Source: from, Target: path, ReadOnly: true }, from: null };
  }
  const request = { Type: 'volume', Source: volume(path), Target: path, VolumeOptions: { Labels: labels } };
  return { request, from: source };
}

/** Namespaces of its own where the original shares the host's, or another container's. */
function namespaces({ HostConfig: host }: Inspect, differences: string[]): Record<string, string> {
  const shared = (mode: string | undefined) => mode === 'host' || mode?.startsWith('container:') === true;
  const own: Record<string, string> = {};
  for (const [member, what] of [
    ['PidMode', 'processes'],
    ['IpcMode', 'shared memory'],
    ['UTSMode', 'host name'],
  ] as const) {
    if (!shared(host[member])) continue;
    own[member] = '';
    differences.push(`Its ${what} are its own, not the host's or another container's.`);
  }
  if (shared(host.NetworkMode))
    differences.push("Its network is its own, not the host's or another container's.");
  return own;
}
