/**
 * The port to whatever refuses code that the image never held. It decides by what a file is, not by its name,
 * and answers while the process that asked is held by the kernel.
 */
import type { Denial, ProcessAttribution, ProtectionPolicy } from '../contract/index.ts';

/** A container, running or not, whose code is to come from its image alone. */
export interface EnforcementTarget {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Pid of its init in the host's namespace; null when it does not run: then it is armed as soon as it starts. */
  readonly pid: number | null;
  /** Where the engine mounts the root filesystem, on the host. */
  readonly merged: string;
  /** Its writable layer, on the host. */
  readonly upper: string;
  /** The image's layers, topmost first. */
  readonly lower: readonly string[];
  readonly policy: ProtectionPolicy;
  /** False: everything is allowed, and what would have been refused is told (mode watch). */
  readonly enforce: boolean;
}

/** A container's writable layer, which the engine is not to remove unasked. */
export interface LayerTarget {
  /** Of the container. */
  readonly id: string;
  readonly name: string;
  /** The writable layer, on the host; its parent directory is what the engine removes. */
  readonly upper: string;
}

/** What became of a container's first program. */
export interface StartHold {
  /** False: it may have run before it was let. */
  readonly held: boolean;
  /** Milliseconds that it has waited; 0 when it was not about to run yet. */
  readonly waitedMs: number;
}

/** The bytes of a denied file, held open so that they can be kept although the file may be unlinked by now. */
export interface HeldFile {
  /**
   * A descriptor of this process for the file, for reading alone; the caller closes it with closeDescriptor.
   * @returns null when it is no longer held, as after the enforcer was ended
   */
  open(): number | null;
  /** It is no longer needed. Idempotent. */
  release(): void;
}

export type EnforcementEvent =
  | {
      readonly type: 'denied';
      readonly containerId: string;
      /** Milliseconds since 1970. */
      readonly at: number;
      /** `sha256` is null here: whoever keeps the file fills it in. */
      readonly denial: Denial;
      /** Null for a repetition, and where too many wait to be kept. */
      readonly file: HeldFile | null;
    }
  | {
      /** From now on the container's code is checked. */
      readonly type: 'armed';
      readonly containerId: string;
      readonly at: number;
      /** What could not be covered, each a sentence. */
      readonly gaps: readonly string[];
    }
  | {
      /** A process that runs from a file the image never held, found when the container was armed. */
      readonly type: 'already-running';
      readonly containerId: string;
      readonly at: number;
      readonly path: string;
      readonly process: ProcessAttribution;
    }
  | {
      /** The engine was refused to remove a layer that is held; the container is dead to it, and its layer whole. */
      readonly type: 'removal-refused';
      readonly containerId: string;
      readonly at: number;
    }
  | {
      /** Nothing was refused from `from` to `to` (milliseconds since 1970); `containerId` null means all. */
      readonly type: 'lapse';
      readonly containerId: string | null;
      readonly reason: string;
      readonly from: number;
      readonly to: number;
    };

export interface Enforcer {
  /** Resolves when every later run or read of a running container is checked; again for news of it (pid, policy). */
  protect(target: EnforcementTarget): Promise<void>;
  /**
   * Has the first program of every container that starts from now on wait, for some tenths of a second at most, for
   * {@link protect} or {@link pass}.
   *
   * @param folder below which the engine mounts the containers' roots
   */
  expectIn(folder: string): void;
  /** The container with this root, which may be mounted or not, is not to be protected. */
  pass(merged: string): void;
  /**
   * Attributes of a container's file changed, or its name: files of the image that were judged before are compared
   * with the image again. Writes need no such word: whoever wants to write waits until the file is asked about again.
   */
  recheck(containerId: string): void;
  /** Takes every mark, lease and setting of the container back. */
  release(containerId: string): Promise<void>;
  /**
   * Has the engine wait with the removal of the layer for `isNeeded`, while the layer is all there still: true holds
   * it as {@link holdLayer} does. Without an answer within 30 seconds, or as soon as this process does not run for 3,
   * the engine goes on, which is told as a lapse.
   *
   * @throws {PristineError} E_SYSCALL where there is no layer of Docker's driver overlay2
   */
  watchLayer(layer: LayerTarget, isNeeded: () => Promise<boolean>): Promise<void>;
  /**
   * Refuses the engine to remove the layer from the time that this resolves until {@link releaseLayer}: a container
   * that is removed meanwhile, by whoever it is, becomes dead and keeps its layer, its logs and its volumes.
   *
   * @throws {PristineError} E_SYSCALL as {@link watchLayer}, or when the layer is gone
   */
  holdLayer(layer: LayerTarget): Promise<void>;
  /** The engine may remove the layer, unasked. Idempotent. */
  releaseLayer(containerId: string): Promise<void>;
  /**
   * Has every program of a protected container that is about to start wait for {@link letStart}, once the first is
   * about to run for a second and a half at most. The engine itself does not wait.
   *
   * @throws {PristineError} E_SYSCALL when the container is not protected
   */
  holdStart(containerId: string): Promise<void>;
  /** Its programs may run. Idempotent. */
  letStart(containerId: string): Promise<StartHold>;
  /** Meant for one reader; ends with {@link close}. */
  events(): AsyncIterable<EnforcementEvent>;
  /** Takes everything back and ends. Idempotent. */
  close(): Promise<void>;
}
