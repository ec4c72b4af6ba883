import type { Incident, TimelineEntry } from '../../contract/index.ts';
import type { ContainerDetails, Engine } from '../../engine/index.ts';
import type { Clock } from '../../kernel/index.ts';
import type { DriftReader } from '../../sensor/index.ts';
import type { BundleBuilder } from '../bundle/builder.ts';
import type { Omissions } from '../omissions.ts';
import type { SpaceGuard } from '../space.ts';

export interface CaptureInput {
  readonly engine: Engine;
  readonly details: ContainerDetails;
  /** Who can say what differs from the image. */
  readonly reader: DriftReader;
  /** Null for a capture by hand. */
  readonly incident: Incident | null;
  readonly timeline: readonly TimelineEntry[];
  /** Whether the container is paused and off its networks. */
  readonly frozen: boolean;
  /**
   * Whether the container's replacement has started already: what both of them mount, such as volumes, is then read
   * at a time when the replacement may have written to it, which the bundle says.
   */
  readonly replacementRuns?: boolean;
  readonly stateDirectory: string;
  /** Bytes to leave free on the disk of the state directory; a part of the disk when absent. */
  readonly keepFree?: number;
  readonly clock: Clock;
  /** Told what is being captured, a few words at a time. */
  readonly onProgress?: (what: string) => void;
  readonly signal?: AbortSignal;
}

/** What the collectors of one capture share. */
export interface CaptureContext extends CaptureInput {
  readonly bundle: string;
  readonly target: ContainerDetails;
  /** Where the bundle is being made. */
  readonly folder: string;
  readonly builder: BundleBuilder;
  readonly omissions: Omissions;
  readonly space: SpaceGuard;
}
