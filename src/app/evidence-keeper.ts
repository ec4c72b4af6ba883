import type { Incident, TimelineEntry, VerifyReport } from '../contract/index.ts';
import type { ContainerDetails, Engine } from '../engine/index.ts';
import { type CapturedBundle, captureEvidence, type EvidenceStore } from '../evidence/index.ts';
import type { EvidenceKeeper } from '../response/index.ts';
import { newestBundle } from './bundle-reference.ts';
import type { Context } from './context.ts';
import { readerFor } from './readers.ts';

export interface CaptureRequest {
  readonly suspect: ContainerDetails;
  /** Null for a capture by hand. */
  readonly incident: Incident | null;
  readonly timeline: TimelineEntry[];
  readonly frozen: boolean;
  /** The replacement serves already, and may write what both have. */
  readonly replacementRuns?: boolean;
  /** Bytes to leave free on the disk; a part of the disk when absent. */
  readonly keepFree?: number;
  readonly onProgress?: (sentence: string) => void;
  readonly signal?: AbortSignal;
}

/** Captures and seals everything of a container, with the best reader of its drift. */
export async function capture(
  context: Context,
  engine: Engine,
  request: CaptureRequest,
): Promise<CapturedBundle> {
  const { suspect, ...rest } = request;
  const { stateDirectory, clock } = context;
  await context.evidence();
  return captureEvidence({
    ...rest,
    engine,
    details: suspect,
    reader: readerFor(suspect, engine),
    stateDirectory,
    clock,
  });
}

/**
 * The evidence room as a response sees it.
 * @param keepFree bytes that captures leave free on the disk of the state directory; a part of the disk when absent
 */
export function evidenceKeeper(
  context: Context,
  engine: Engine,
  evidence: EvidenceStore,
  onProgress?: (sentence: string) => void,
  keepFree?: number,
): EvidenceKeeper {
  return {
    capture: async (suspect, incident, timeline, replacementRuns) => {
      const given = { ...(onProgress && { onProgress }), ...(keepFree !== undefined && { keepFree }) };
      const request = { suspect, incident, timeline, frozen: true, replacementRuns, ...given };
      return (await capture(context, engine, request)).bundle;
    },
    sealedBundle: (incident, since) => newestBundle(evidence, incident.id, since),
    verify: (bundle): Promise<VerifyReport> => evidence.verifySealed(bundle),
    recordDestruction: (bundle, suspectId) =>
      evidence.record('destroy-suspect', bundle, { container: suspectId }),
    recordForced: (bundle, incident, why) =>
      evidence.record('forced', bundle, { incident: incident.id, why }),
  };
}
