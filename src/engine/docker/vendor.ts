/** Answers of the Docker Engine API as they really come: only the members that we read, with their nulls. */

export interface MountPoint {
  readonly Type: string;
  readonly Name?: string;
  readonly Source?: string;
  readonly Destination: string;
  readonly RW: boolean;
  readonly Propagation?: string;
}

export interface Endpoint {
  readonly IPAMConfig?: { readonly IPv4Address?: string; readonly IPv6Address?: string } | null;
  readonly Links?: string[] | null;
  readonly Aliases?: string[] | null;
  readonly DriverOpts?: Record<string, string> | null;
  readonly NetworkID?: string;
  readonly IPAddress?: string;
  readonly Gateway?: string;
  readonly IPv6Gateway?: string;
  readonly GlobalIPv6Address?: string;
  readonly MacAddress?: string;
}

interface PortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

export type PortMap = Readonly<Record<string, readonly PortBinding[] | null>>;

export interface MountRequest {
  readonly Type: string;
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly BindOptions?: object;
  readonly VolumeOptions?: object;
}

export interface RestartPolicy {
  readonly Name: string;
  readonly MaximumRetryCount?: number;
}

export interface HostConfig {
  readonly RestartPolicy?: RestartPolicy | null;
  readonly Binds?: string[] | null;
  readonly Mounts?: MountRequest[] | null;
  readonly Tmpfs?: Record<string, string> | null;
  readonly VolumesFrom?: string[] | null;
  readonly NetworkMode: string;
  readonly PortBindings?: PortMap | null;
  readonly PublishAllPorts?: boolean;
  readonly AutoRemove: boolean;
  readonly UTSMode?: string;
  readonly PidMode?: string;
  readonly IpcMode?: string;
  readonly UsernsMode?: string;
  readonly Privileged?: boolean;
  readonly ReadonlyRootfs?: boolean;
  readonly CapAdd?: string[] | null;
  readonly CapDrop?: string[] | null;
  readonly SecurityOpt?: string[] | null;
  readonly Memory?: number;
  readonly PidsLimit?: number | null;
  readonly ContainerIDFile?: string;
  readonly Links?: string[] | null;
  readonly NanoCpus?: number;
  readonly Devices?: readonly { readonly PathOnHost: string; readonly PathInContainer?: string }[] | null;
}

interface ContainerConfig {
  readonly Hostname?: string;
  readonly Domainname?: string;
  readonly User?: string;
  readonly Env?: string[] | null;
  readonly Image: string;
  readonly Volumes?: Record<string, object> | null;
  readonly WorkingDir?: string;
  readonly Entrypoint?: string[] | null;
  readonly Labels?: Record<string, string> | null;
  readonly ExposedPorts?: Record<string, object> | null;
  readonly Tty?: boolean;
  readonly MacAddress?: string;
}

export interface Inspect {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Path: string;
  readonly Args?: string[] | null;
  readonly Image: string;
  readonly AppArmorProfile?: string;
  readonly ProcessLabel?: string;
  /** Where on the engine's host its /etc/hosts lies. */
  readonly HostsPath?: string;
  /** How often its restart policy has started it again. */
  readonly RestartCount?: number;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly Restarting: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    /** Why it could not be started the last time. */
    readonly Error?: string;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: string } | null;
  };
  readonly Config: ContainerConfig;
  readonly HostConfig: HostConfig;
  readonly Mounts?: MountPoint[] | null;
  readonly GraphDriver?: { readonly Name: string; readonly Data?: Record<string, string> | null } | null;
  readonly NetworkSettings: {
    readonly Ports?: PortMap | null;
    readonly Networks?: Record<string, Endpoint> | null;
  };
}

/** A line of `GET /events`. */
export interface EventLine {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Record<string, string> };
  readonly time?: number;
  readonly timeNano?: number;
}

/** The time that the engine gives for "never". */
export const NEVER = '0001-01-01T00:00:00Z';
