import type { Incident, TimelineEntry } from '../contract/index.ts';
import { type EngineStatus, engineDown, engineStatus, engineUp } from '../engine/index.ts';
import type { Clock, Logger } from '../kernel/index.ts';
import { systemClock } from '../kernel/index.ts';
import { type ByHandOptions, type CaptureByHand, captureByHand, restoreByHand } from './by-hand.ts';
import type { ContentDiff } from './content-diff.ts';
import { createContext } from './context.ts';
import { type DiffResult, diff, diffAsDocker, diffContent } from './diff.ts';
import { type DoctorReport, doctor } from './doctor.ts';
import { exportEvidence, listEvidence, openEvidenceShell, showEvidence, verifyEvidence } from './evidence.ts';
import { type GuardOptions, guard } from './guard/guard.ts';
import { type PsRow, ps } from './ps.ts';
import { ensureStateDirectory } from './state-directory.ts';

export type { CaptureByHand } from './by-hand.ts';
export type { ContentDiff, ContentSummary } from './content-diff.ts';
export type { DiffResult } from './diff.ts';
export type { DoctorReport } from './doctor.ts';
export type { EvidenceShell, ShownBundle } from './evidence.ts';
export type { GuardOptions } from './guard/guard.ts';
export type { PsRow } from './ps.ts';

export interface AppOptions {
  readonly stateDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Everything that the command line can ask for. */
export type App = ReturnType<typeof createApp>;

/** Puts the rooms together. Cheap: engine, store and evidence are opened by the first use that needs them. */
export function createApp(options: AppOptions) {
  const context = createContext({ clock: systemClock, ...options });
  const { stateDirectory } = options;

  return {
    ps: (signal?: AbortSignal): Promise<PsRow[]> => ps(context, signal),
    diff: (reference: string, signal?: AbortSignal): Promise<DiffResult> => diff(context, reference, signal),
    diffAsDocker: (reference: string, signal?: AbortSignal): Promise<string[]> =>
      diffAsDocker(context, reference, signal),
    diffContent: (reference: string, path: string): Promise<ContentDiff> =>
      diffContent(context, reference, path),
    guard: (given: GuardOptions): Promise<void> => guard(context, given),
    incidents: async (): Promise<Incident[]> => (await context.store()).incidents(),
    incident: async (id: string): Promise<{ incident: Incident; timeline: TimelineEntry[] }> => {
      const store = await context.store();
      return { incident: await store.incident(id), timeline: await store.timeline(id) };
    },
    capture: (reference: string, given: ByHandOptions & { freeze: boolean }): Promise<CaptureByHand> =>
      captureByHand(context, reference, given),
    restore: (reference: string, given: ByHandOptions): Promise<Incident> =>
      restoreByHand(context, reference, given),
    evidence: {
      list: () => listEvidence(context),
      verify: (reference: string, publicKeyFile?: string) =>
        verifyEvidence(context, reference, publicKeyFile),
      show: (reference: string) => showEvidence(context, reference),
      export: (reference: string, output: string) => exportEvidence(context, reference, output),
      shell: (reference: string) => openEvidenceShell(context, reference),
    },
    doctor: (): Promise<DoctorReport> => doctor(context),
    engine: {
      up: async (say: (sentence: string) => void): Promise<EngineStatus> => {
        await ensureStateDirectory(stateDirectory);
        return engineUp({ stateDirectory, say });
      },
      down: (given: { purge: boolean; say: (sentence: string) => void }) =>
        engineDown({ stateDirectory, ...given }),
      status: (): Promise<EngineStatus> => engineStatus({ stateDirectory }),
    },
    close: (): Promise<void> => context.close(),
  };
}
