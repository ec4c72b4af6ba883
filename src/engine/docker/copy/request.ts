import { type HardenedConfiguration, plannedVolumeName } from '../../../contract/index.ts';
import { hardenedHost } from '../hardened.ts';
import { recreationOf } from '../recreation.ts';
import type { Inspect, MountPoint, MountRequest } from '../vendor.ts';
import { COPIED_NAME, COPIES_OF, COPY_GROUP } from './labels.ts';
import { isFromHost } from './sources.ts';

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
  /** What takes the place of something that the original has mounted from the host; null: nothing. */
  readonly mounted: (mount: MountPoint) => MountRequest | null;
}

export interface CopyBody {
  /** Body of `POST /containers/create`. */
  readonly body: Record<string, unknown>;
  readonly differences: readonly string[];
}

/** Kept by the engine for `docker logs`, wherever the original's output goes to. */
const LOGS = { Type: 'json-file', Config: { 'max-size': '16m', 'max-file': '2' } };

/** The request that makes a copy. */
export function copyBody(original: Inspect, plan: CopyPlan): CopyBody {
  const { body } = recreationOf(original, { networks: {}, ports: {}, restartPolicy: { Name: 'no' } }, {});
  const differences: string[] = [];
  const labels = { [COPIES_OF]: plan.originalId, [COPY_GROUP]: plan.group };
  const mounts = (original.Mounts ?? []).filter(isFromHost).map(plan.mounted);
  const host = original.HostConfig;
  const asked = (host.Mounts ?? []).filter(({ Type }) => Type === 'tmpfs');
  const confined = {
    ...(body.HostConfig as Record<string, unknown>),
    ...{ Binds: null, VolumesFrom: null, Mounts: [...asked, ...mounts.filter((mount) => mount !== null)] },
    ...{ RestartPolicy: { Name: 'no' }, AutoRemove: false, PortBindings: {}, PublishAllPorts: false },
    ...{ Links: null, NetworkMode: plan.network, ContainerIDFile: '', CgroupParent: '', LogConfig: LOGS },
    ...namespaces(original, differences),
  };
  if ((host.Links ?? []).length > 0) differences.push('It has no variables of links, only the names.');
  const { configuration } = plan;
  const volume = (path: string) => plannedVolumeName(plan.name, path);
  const hardened =
    configuration === null
      ? {}
      : hardenedHost(confined as never, configuration, ({ path }) => volume(path), labels);
  return {
    body: {
      ...body,
      ...(configuration?.user ? { User: configuration.user } : {}),
      ...hostName(original),
      // Labels of the original would have others take the copy for it.
      Labels: { ...plan.labels, ...labels, [COPIED_NAME]: original.Name.slice(1) },
      MacAddress: '',
      HostConfig: { ...confined, ...hardened },
      NetworkingConfig: { EndpointsConfig: { [plan.network]: { Aliases: [...plan.aliases] } } },
    },
    differences,
  };
}

/** Also one that the engine had made up: data may lie under it, as that of RabbitMQ does. */
function hostName({ Config: { Hostname: name = '' }, HostConfig: host }: Inspect): { Hostname?: string } {
  const shared = host.UTSMode === 'host' || isShared(host.NetworkMode);
  return shared || name === '' ? {} : { Hostname: name };
}

function isShared(mode: string | undefined): boolean {
  return mode === 'host' || mode?.startsWith('container:') === true;
}

/** Namespaces of its own where the original shares the host's, or another container's. */
function namespaces({ HostConfig: host }: Inspect, differences: string[]): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [member, what] of [
    ['PidMode', 'processes'],
    ['IpcMode', 'shared memory'],
    ['UTSMode', 'host name'],
  ] as const) {
    if (!isShared(host[member])) continue;
    own[member] = '';
    differences.push(`Its ${what} are its own, not the host's or another container's.`);
  }
  if (isShared(host.NetworkMode))
    differences.push("Its network is its own, not the host's or another container's.");
  return own;
}
