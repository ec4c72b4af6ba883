import type { EnforcementTarget } from '../port.ts';
import type { Place } from '../verdict/access.ts';
import type { ImageFiles } from './image-files.ts';

/** A container whose code is checked, or will be once it runs. */
export interface Guarded {
  target: EnforcementTarget;
  readonly images: ImageFiles;
  /** The overlay that is marked now; null while the container does not run. */
  overlay: { readonly device: number; readonly since: number } | null;
  /**
   * Ids of the mounts that were read-only when the container was armed: whoever made the container has put there
   * what they hold. Later ones may be an attacker's, of what is writable elsewhere. Null before it is armed.
   */
  given: ReadonlySet<number> | null;
  /** Mount namespaces of its processes, by their link in /proc. */
  readonly namespaces: Map<string, Namespace>;
}

/** One mount namespace of a container, with its mounts that are marked. */
export interface Namespace {
  readonly pid: number;
  /** Readable ("change") when something was mounted or unmounted there. */
  readonly mountinfo: number;
  readonly pidfd: number;
  mounts: readonly MarkedMount[];
  /** What could not be covered, each a sentence. */
  gaps: readonly string[];
}

export interface MarkedMount {
  readonly id: number;
  readonly device: number;
  /** In the container. */
  readonly path: string;
  readonly place: Place;
  readonly object: 'filesystem' | 'mount';
}

/** Where a file of an event lies. */
export interface Spot {
  readonly guarded: Guarded;
  readonly place: Place;
}
