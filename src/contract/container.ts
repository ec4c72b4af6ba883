/** Layers of an overlay filesystem as absolute paths of the host, topmost lower layer first. */
export interface OverlayLayers {
  readonly upper: string;
  readonly lower: readonly string[];
  /** Where the engine mounts them together while the container runs; null when it does not say. */
  readonly merged: string | null;
}

export interface ContainerMount {
  readonly kind: 'volume' | 'bind' | 'tmpfs' | 'other';
  /** Path in the container. */
  readonly destination: string;
  /** Path on the host, where there is one. */
  readonly source: string | null;
  /** Name of the volume, where it is one. */
  readonly volume: string | null;
  readonly writable: boolean;
}

const ENGINE_SOCKET = /\/(docker|containerd|podman|crio)\.sock$/;

/** Whether a path of the host is, by its name, the socket of an engine: whoever has it has the host. */
export function isEngineSocket(path: string): boolean {
  return ENGINE_SOCKET.test(path);
}

/** What a sensor needs to know of a container. */
export interface WatchTarget {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  /** Pid of the container's init in the host's namespace; null when it does not run. */
  readonly pid: number | null;
  /** Null where storage is not a local overlay. */
  readonly overlay: OverlayLayers | null;
  readonly mounts: readonly ContainerMount[];
}
