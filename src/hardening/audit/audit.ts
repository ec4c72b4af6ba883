import {
  type AuditFacts,
  type ContainerAudit,
  type HostService,
  isEngineSocket,
} from '../../contract/index.ts';
import type { ContainerDetails, EngineInfo } from '../../engine/index.ts';
import { messageOf } from '../../kernel/index.ts';
import { secretNames } from '../checks.ts';
import { gradeOf } from '../grade.ts';
import { AUDIT_CHECKS } from './checks.ts';
import { engineSocketsOfHost, listeningServices, reachedSockets, servicesWithin } from './host.ts';
import { describeImage, type ImageContent } from './image.ts';
import { configuredPlaces, mountedPlaces } from './places.ts';
import {
  appArmorProfile,
  describeProcesses,
  indexProcesses,
  type ProcessIndex,
  sharedNamespaces,
} from './processes.ts';
import { mappedFiles, type OpenWatch, watchedImage, watchFor, watchOpens } from './watch.ts';

export interface AuditOptions {
  readonly engine: EngineInfo;
  /** The engine's processes and storage are on this machine, and may be looked at. */
  readonly local: boolean;
  /** Seconds to watch what is opened; null: not at all. */
  readonly watchSeconds: number | null;
  readonly signal?: AbortSignal;
}

/** What is the same for every container of a run. */
interface Host {
  readonly processes: ProcessIndex | null;
  readonly services: readonly HostService[] | null;
  readonly sockets: readonly string[];
}

type Unknown = AuditFacts['unknown'][number];

/** Works out the posture of containers; each image is looked at once. A container that ended meanwhile is audited as stopped. */
export async function auditContainers(
  containers: readonly ContainerDetails[],
  options: AuditOptions,
): Promise<ContainerAudit[]> {
  const { local, engine, watchSeconds, signal } = options;
  const watches = local && watchSeconds !== null ? await watchAll(containers, watchSeconds, signal) : null;
  const host: Host = {
    processes: local ? indexProcesses() : null,
    services: local ? listeningServices() : null,
    sockets: local ? engineSocketsOfHost(engine.endpoint) : [],
  };
  const images = new Map<string, Promise<ImageContent | Unknown>>();
  const audits: ContainerAudit[] = [];
  for (const details of containers) {
    signal?.throwIfAborted();
    const image = await (images.get(details.imageId) ?? contentOf(details, options, images));
    audits.push(auditOne(details, options, host, image, watches?.get(details.id) ?? null));
  }
  return audits;
}

function contentOf(
  details: ContainerDetails,
  { watchSeconds, signal }: AuditOptions,
  images: Map<string, Promise<ImageContent | Unknown>>,
): Promise<ImageContent | Unknown> {
  const keepSizes = watchSeconds !== null;
  const content = describeImage(details, { keepSizes, ...(signal && { signal }) }).catch((error: unknown) => {
    signal?.throwIfAborted();
    return { what: 'image', because: messageOf(error) };
  });
  images.set(details.imageId, content);
  return content;
}

function auditOne(
  details: ContainerDetails,
  { engine, local }: AuditOptions,
  host: Host,
  image: ImageContent | Unknown,
  watched: Watched | Unknown | null,
): ContainerAudit {
  const { id, name, image: imageName, imageId, status, pid, mounts, security, isolation } = details;
  const unknown: Unknown[] = [];
  const say = (what: string, because: string) => unknown.push({ what, because });
  const pids = pid === null || host.processes === null ? [] : host.processes.of(id, pid);
  const running = pids.length > 0 ? describeProcesses(pids) : [];
  const processes = running.length > 0 ? running : null;
  const init = processes === null ? null : pid;
  if (processes === null) {
    const because = pid === null ? 'it does not run' : 'they cannot be seen from here';
    say('processes', because);
    say('mounts', `${because}: by the configuration alone`);
  }
  const places = init === null ? null : mountedPlaces(init, mounts);
  if ('because' in image) unknown.push(image);
  if (!local) say('host services, sockets within mounted folders', 'the host cannot be looked at from here');
  const content = 'because' in image ? null : image;
  if (watched === null) say('part of the image that is used', 'not watched (--watch)');
  else if ('because' in watched) unknown.push(watched);
  const facts: AuditFacts = {
    user: security.user,
    networks: [...details.networks],
    ports: [...details.ports],
    processes,
    sharedNamespaces: init === null ? null : sharedNamespaces(init),
    writable: places ?? configuredPlaces(details),
    secrets: secretNames(security.environment),
    engineSockets: [
      ...new Set([
        ...mounts.filter(({ source }) => isEngineSocket(source ?? '')).map(({ destination }) => destination),
        ...reachedSockets(mounts, host.sockets),
      ]),
    ],
    hostServices:
      host.services === null
        ? null
        : servicesWithin(host.services, {
            hostNetwork: security.hostNetwork,
            hasGateway: isolation.gateways.length > 0,
            ownPorts: details.ports,
          }),
    image: content?.facts ?? null,
    watched:
      content === null || watched === null || 'because' in watched
        ? null
        : watchedImage(content, [...watched.opened, ...mappedFiles(pids)], watched.seconds),
    unknown,
  };
  const subject = {
    ...{ details, mounts, facts, engineOptions: engine.securityOptions },
    appArmor: init === null ? null : appArmorProfile(init),
  };
  const items = AUDIT_CHECKS.map(({ id: item, cis, title, remedy, examine }) => ({
    ...{ id: item, cis, title, remedy },
    ...examine(subject),
  }));
  const container = { id, name, image: imageName, imageId };
  return { container, status, facts, items, ...gradeOf(items) };
}

interface Watched {
  readonly opened: ReadonlySet<string>;
  readonly seconds: number;
}

type WatchMap = Map<string, Watched | Unknown>;

async function watchAll(
  containers: readonly ContainerDetails[],
  seconds: number,
  signal?: AbortSignal,
): Promise<WatchMap> {
  const results: WatchMap = new Map();
  const watches: OpenWatch[] = [];
  try {
    for (const { id, pid } of containers) {
      if (pid === null) {
        results.set(id, { what: 'part of the image that is used', because: 'it does not run' });
        continue;
      }
      try {
        const watch = watchOpens(pid);
        watches.push(watch);
        results.set(id, { opened: watch.opened, seconds });
      } catch (error) {
        results.set(id, { what: 'part of the image that is used', because: messageOf(error) });
      }
    }
    await watchFor(seconds, watches, signal);
    return results;
  } finally {
    for (const watch of watches) watch[Symbol.dispose]();
  }
}
