/**
 * The port to a container engine: what Pristine wants of it, in Pristine's words. No type of a vendor's API
 * passes through here; `ContainerDetails.raw` is kept for evidence and never interpreted outside the adapter.
 */
import type { Readable } from 'node:stream';
import type { ChangeKind, HardenedConfiguration, WatchTarget } from '../contract/index.ts';

/** What an engine (and the place where Pristine stands) can do; ask these, never the engine's name. */
export interface EngineCapabilities {
  /** The engine's storage is on this machine and can be read as it lies on disk. */
  readonly localStorage: boolean;
  readonly pause: boolean;
  /** A network can be taken from a paused container, which frees its addresses and ports. */
  readonly disconnectWhilePaused: boolean;
  readonly commit: boolean;
  readonly changes: boolean;
}

export interface EngineInfo {
  /** For people, e.g. `Docker Engine 20.10.24`. */
  readonly title: string;
  /** Where it answers, e.g. `unix:///var/run/docker.sock`. */
  readonly endpoint: string;
  /** How it was found, e.g. `DOCKER_HOST`, `context x`, `default socket`, `private engine`. */
  readonly foundBy: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly storageDriver: string;
  readonly rootDirectory: string;
  readonly kernel: string;
  readonly operatingSystem: string;
  /** What the engine confines containers with, as it names them: `apparmor`, `selinux`, `seccomp`, `userns`, `rootless`. */
  readonly securityOptions: readonly string[];
}

export type ContainerStatus =
  | 'created'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'exited'
  | 'removing'
  | 'dead';
export type ContainerHealth = 'starting' | 'healthy' | 'unhealthy' | 'none';

export interface ContainerSummary {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly status: ContainerStatus;
  readonly labels: Readonly<Record<string, string>>;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** The security-relevant part of a container's configuration. */
export interface ContainerSecurity {
  readonly readOnlyRoot: boolean;
  readonly privileged: boolean;
  readonly user: string;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly seccompUnconfined: boolean;
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly memoryLimit: number | null;
  readonly pidsLimit: number | null;
  /** `NAME=value`, in full: hide with redactAssignment before printing. */
  readonly environment: readonly string[];
}

/** What a container's configuration shares with the host, and what confines it beside {@link ContainerSecurity}. */
export interface ContainerIsolation {
  readonly hostUts: boolean;
  /** It is left out of the engine's remapping of users (`--userns host`). */
  readonly hostUsers: boolean;
  /** Profile of AppArmor; empty when the engine sets none. */
  readonly appArmor: string;
  /** Label of SELinux; empty when the engine sets none. */
  readonly selinux: string;
  readonly devices: readonly { readonly host: string; readonly container: string }[];
  /** Mounts whose own mounts appear on the other side too, e.g. `rshared`. */
  readonly propagation: readonly { readonly destination: string; readonly mode: string }[];
  /** Places in memory (`--tmpfs`), with their mount options. */
  readonly tmpfs: readonly { readonly destination: string; readonly options: readonly string[] }[];
  /** Addresses of the host on its networks. */
  readonly gateways: readonly string[];
}

export interface ContainerDetails extends ContainerSummary, WatchTarget {
  readonly repoDigests: readonly string[];
  /** Names that lead to its image now; the one that it was made by may have moved on. */
  readonly imageTags?: readonly string[];
  /** What its image gives each container, as `raw` has it; null when the image is gone. */
  readonly imageConfig?: unknown;
  readonly startedAt: string | null;
  readonly exitCode: number | null;
  readonly health: ContainerHealth;
  /** The command that runs as the container's init: the configured entrypoint with its arguments. */
  readonly entrypoint: readonly string[];
  readonly workingDirectory: string;
  /** Names; of a frozen container those that it had. */
  readonly networks: readonly string[];
  /** Addresses where published ports answer, e.g. `127.0.0.1:8080->80/tcp`; of a frozen container those that it had. */
  readonly ports: readonly string[];
  readonly security: ContainerSecurity;
  readonly isolation: ContainerIsolation;
  readonly autoRemove: boolean;
  /**
   * The engine's whole answer, for the evidence bundle; of a frozen container with the networks and ports that
   * it had, as `NetworkBeforeFreeze`.
   */
  readonly raw: unknown;
}

export type EngineEventKind =
  | 'create'
  | 'start'
  | 'stop'
  | 'pause'
  | 'unpause'
  | 'remove'
  | 'rename'
  | 'health'
  /** It was put on a network. */
  | 'connect'
  | 'other';

export interface EngineEvent {
  readonly kind: EngineEventKind;
  readonly containerId: string;
  readonly name: string;
  readonly at: string;
  /** The engine's own words, for timelines, e.g. `exec_start: sh -c id`. */
  readonly action: string;
}

/** What {@link Engine.freeze} took from a container, to give back by {@link Engine.thaw}. */
export interface FrozenState {
  readonly wasPaused: boolean;
  /** Networks that were disconnected. */
  readonly networks: readonly string[];
}

export interface ReplacementRequest {
  /** Labels put on the replacement beside those of the original; they also tell it from every other container. */
  readonly labels: Readonly<Record<string, string>>;
  /** Name for the original while it still exists beside its replacement. */
  readonly suspectName: string;
  /** A read-only root filesystem, with a tmpfs at each of these folders. */
  readonly readOnly?: { readonly writable: readonly string[] };
  /** A configuration to be laid over the original's; instead of `readOnly`. */
  readonly hardening?: HardenedConfiguration;
  /**
   * Folders whose content goes over from the original, which has ended, into the volumes that the replacement has
   * there, before it first starts. What the original does not have there is not carried.
   */
  readonly carry?: readonly string[];
  /** A container that was prepared, or stood by, to be put in place instead of a new one. */
  readonly candidate?: string;
}

/**
 * What a replacement that is made ready early has until it takes the place: no network at all, for one whose
 * first program is held meanwhile; or a network of Pristine's own that leads nowhere.
 */
export type WaitingPlace = 'no-network' | 'internal-network';

export interface PrepareOptions {
  readonly place: WaitingPlace;
  /** Called with the id between creation and start. */
  readonly onCreated?: (id: string) => Promise<void>;
}

export interface Replacement {
  readonly id: string;
  readonly name: string;
}

export interface CopyRequest {
  /** Labels of the copy beside `pristine.copy-of`; the original's own are not taken along. */
  readonly labels: Readonly<Record<string, string>>;
  /** Laid over the original's configuration; null: as the original is. */
  readonly configuration: HardenedConfiguration | null;
  /** Bytes of data that are copied at most; what is larger begins as the image has it, and is said. */
  readonly mostData: number;
  readonly signal?: AbortSignal;
}

/** A copy of a container to try things on: on a network of its own that leads nowhere, with none of the live data. */
export interface ContainerCopy {
  readonly id: string;
  readonly name: string;
  /** Sentences: what it does not have of the original, e.g. a bind of the engine's socket, or data that was too large. */
  readonly differences: readonly string[];
}

/** A container that cannot go on as it is when another one is replaced. */
export interface Dependent extends Replacement {
  /** e.g. `it shares its network`. */
  readonly because: string;
}

/** What a replacement would be, and whether it could be had; nothing is changed to find out. */
export interface ReplacementPlan {
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly networks: readonly string[];
  /** Of its networks, those that the engine does not have any more. */
  readonly missingNetworks: readonly string[];
  readonly ports: readonly string[];
  /** Where in the container something writable lies that original and replacement both have: volumes, binds. */
  readonly sharedWritable: readonly string[];
  /** Why it cannot come up while the original still runs; null when it can. */
  readonly notPreparable: string | null;
  readonly dependents: readonly Dependent[];
  /** Each a sentence: what keeps it from being made. */
  readonly obstacles: readonly string[];
}

/** A member of the configuration that is not what it was. */
export interface Difference {
  /** As the engine's API names it, e.g. `HostConfig.Binds`. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  /** Why it must be so; null when nobody knows. */
  readonly because: string | null;
}

export interface Engine {
  readonly info: EngineInfo;
  readonly capabilities: EngineCapabilities;

  /** Containers, running or not. */
  list(): Promise<ContainerSummary[]>;
  /**
   * One container, by name, id or unambiguous id prefix.
   * @throws {PristineError} E_NO_SUCH_CONTAINER (naming the nearest known name), E_AMBIGUOUS_CONTAINER
   */
  inspect(reference: string): Promise<ContainerDetails>;
  /** Live events of containers until `signal` aborts; throws E_ENGINE_GONE when the stream breaks. */
  watch(signal: AbortSignal): AsyncIterable<EngineEvent>;
  /** Events of one container between two times (ISO 8601), for the evidence. */
  pastEvents(id: string, since: string, until: string): Promise<EngineEvent[]>;

  /** What the engine itself lists as changed, in its own order. */
  changes(id: string): Promise<{ kind: ChangeKind; path: string }[]>;
  /**
   * A path of the container as a tar stream (the engine's archive call).
   * @throws {PristineError} E_NO_SUCH_PATH
   */
  readPath(id: string, path: string): Promise<Readable>;
  /** Output of the container so far: both streams, with the engine's time stamps. */
  logs(id: string): Promise<Readable>;

  /**
   * Pauses the container, then takes its networks, so that it neither runs nor is reached. Idempotent: a second
   * call, also after a crash, answers with what the first has taken. A container that does not run is left so.
   * Its restart policy is taken too: nothing starts it again by itself.
   * @param onPaused called as soon as nothing inside runs any more
   */
  freeze(id: string, onPaused?: () => void): Promise<FrozenState>;
  /** Gives back what {@link freeze} took. Idempotent. */
  thaw(id: string, frozen: FrozenState): Promise<void>;
  /** What {@link replacePristine} would do, with every check that can be made beforehand. */
  planReplacement(id: string, request: ReplacementRequest): Promise<ReplacementPlan>;
  /**
   * Creates and starts a replacement beside the original, under a name of its own and without its addresses and
   * ports; {@link replacePristine} puts it in place. Idempotent: found again by its labels.
   * @throws {PristineError} E_REPLACE when it cannot come up early; what was begun is undone
   */
  prepareReplacement(id: string, request: ReplacementRequest, options: PrepareOptions): Promise<Replacement>;
  /**
   * Leads new connections to the original's published ports to a candidate that runs on the internal network.
   * Lasts until {@link replacePristine} has put the candidate in place, or {@link endRedirection}. Idempotent.
   * @returns false where there is nothing to lead, or no means
   */
  redirect(id: string, candidateId: string): Promise<boolean>;
  /** Also removes the internal network when nobody waits there. */
  endRedirection(id: string): Promise<void>;
  /**
   * Puts a container with the same configuration, name, networks and volumes, from the same image id, in the
   * place of the original, which is renamed to `suspectName` first and left as it is otherwise. When a container
   * that carries the same labels exists already, that one is used, also when the original is gone. Undone when
   * it fails. The original should be frozen or stopped: while it runs, it holds its ports and addresses.
   * @throws {PristineError} E_REPLACE, E_NO_SUCH_IMAGE
   */
  replacePristine(id: string, request: ReplacementRequest): Promise<Replacement>;
  /** Removes a replacement, made or half-made, and gives the original its name back. Idempotent. */
  withdrawReplacement(id: string, request: ReplacementRequest): Promise<void>;
  /** Field by field, everything of the configuration that differs, explained or not. */
  compareReplacement(id: string, replacementId: string): Promise<Difference[]>;
  /**
   * Re-creates the containers that depended on the original, so that they depend on its replacement. The old ones
   * are stopped, and kept under a name that ends in `suffix`. Idempotent.
   */
  recreateDependents(id: string, replacementId: string, suffix: string): Promise<Replacement[]>;
  /** A pristine twin that runs on the internal network, made when there is none yet. */
  ensureStandby(id: string): Promise<Replacement>;
  /** The running standby of a container. */
  standbyOf(id: string): Promise<Replacement | null>;
  /**
   * Creates a copy of a container, without starting it; the live one is only read. Containers that share a network
   * of the user's with it, or that it is linked to, are copied too, and answer by the same names.
   * @throws {PristineError} E_COPY, E_NO_SUCH_IMAGE; what was begun is undone
   */
  createCopy(id: string, request: CopyRequest): Promise<ContainerCopy>;
  /**
   * Starts a copy, with what it depends on.
   * @returns its address on the network of copies
   */
  startCopy(copyId: string): Promise<{ readonly address: string }>;
  /** Sends a copy a signal, e.g. `SIGHUP`. */
  signalCopy(copyId: string, signal: string): Promise<void>;
  /** Removes a copy and everything that was made for it: companions, volumes, network. */
  removeCopy(copyId: string): Promise<void>;
  /** Removes all copies of a container and what was made for them, also those that a killed process left. */
  removeCopies(originalId: string): Promise<void>;
  /** Removes standbys whose original is gone. */
  removeStandbys(keepFor: readonly string[]): Promise<void>;
  /**
   * Waits until the container is healthy, or, without a health check, until it has kept running for a second.
   * @param timeoutMs bound on the wait
   * @throws {PristineError} E_UNHEALTHY with its last output lines; at once when it keeps being restarted
   */
  waitHealthy(id: string, timeoutMs: number): Promise<void>;
  /**
   * Ends a container's processes for good, at once or as its stop signal asks; nothing starts it again by itself.
   * One that was started with `--rm` is gone afterwards, with its layer and the anonymous volumes that it alone has.
   */
  stop(id: string, how: 'kill' | 'graceful'): Promise<void>;
  /** Starts a container that {@link stop} has ended, with the restart policy that it had. Idempotent. */
  start(id: string): Promise<void>;
  /** Kills and removes a container, keeping volumes that anything else uses. Succeeds when it is already gone. */
  destroy(id: string): Promise<void>;

  /** The engine's image as a `docker save` tar stream. */
  saveImage(imageId: string): Promise<Readable>;
  /** Loads an image archive; answers with the references or ids that it held. */
  loadImage(archive: Readable): Promise<string[]>;
  removeImage(reference: string): Promise<void>;
  /** Commits a container's filesystem to an image and answers with its id; for engines without local storage. */
  commit(id: string, labels: Readonly<Record<string, string>>): Promise<string>;
}
