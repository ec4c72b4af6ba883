import type { AuditReport, DeniedFile, HardeningPlan, Incident, TimelineEntry } from '../contract/index.ts';
import type { ContainerDetails, EngineStatus } from '../engine/index.ts';
import type { PruneReport } from '../evidence/index.ts';
import type { Clock, Logger } from '../kernel/index.ts';
import { systemClock } from '../kernel/index.ts';
import type { LockReport, UnlockReport } from '../lockdown/index.ts';
import type { TestOutcome } from '../notify/index.ts';
import type { AppliedHardening } from './apply-plan.ts';
import type { AuditRequest } from './audit.ts';
import type { ByHandOptions, CaptureByHand, RestoreOptions, RestorePlan } from './by-hand.ts';
import type { ContentDiff } from './content-diff.ts';
import { createContext } from './context.ts';
import type { DiffResult } from './diff.ts';
import type { DoctorReport } from './doctor.ts';
import {
  exportDenied,
  exportEvidence,
  listDenied,
  listEvidence,
  openEvidenceShell,
  showEvidence,
  verifyEvidence,
} from './evidence.ts';
import type { GuardOptions } from './guard/guard.ts';
import type { EmitFormat, HardenOptions } from './harden.ts';
import type { PruneRequest } from './prune.ts';
import type { PsRow } from './ps.ts';
import { ensureStateDirectory } from './state-directory.ts';

export type { PruneReport } from '../evidence/index.ts';
export type { LockReport, UnlockReport } from '../lockdown/index.ts';
export type { TestOutcome as NotifyTestOutcome } from '../notify/index.ts';
export type { CaptureByHand, RestorePlan } from './by-hand.ts';
export type { ContentDiff, ContentSummary } from './content-diff.ts';
export type { DiffResult } from './diff.ts';
export type { DoctorReport } from './doctor.ts';
export type { EvidenceShell, ShownBundle, ShownDenied } from './evidence.ts';
export type { GuardOptions } from './guard/guard.ts';
export type { EmitFormat, HardenOptions } from './harden.ts';
export type { PsRow } from './ps.ts';

export interface AppOptions {
  readonly stateDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Everything that the command line can ask for. */
export type App = ReturnType<typeof createApp>;

/**
 * Puts the rooms together. Cheap: each use case is loaded by its first use, and opens engine, store and evidence
 * only when it needs them.
 */
export function createApp(options: AppOptions) {
  const context = createContext({ clock: systemClock, ...options });
  const { stateDirectory } = options;

  return {
    ps: async (signal?: AbortSignal): Promise<PsRow[]> => {
      const { ps } = await import('./ps.ts');
      return ps(context, signal);
    },
    diff: async (reference: string, signal?: AbortSignal): Promise<DiffResult> => {
      const { diff } = await import('./diff.ts');
      return diff(context, reference, signal);
    },
    diffAsDocker: async (reference: string, signal?: AbortSignal): Promise<string[]> => {
      const { diffAsDocker } = await import('./diff.ts');
      return diffAsDocker(context, reference, signal);
    },
    diffContent: async (reference: string, path: string): Promise<ContentDiff> => {
      const { diffContent } = await import('./diff.ts');
      return diffContent(context, reference, path);
    },
    guard: async (given: GuardOptions): Promise<void> => {
      const { guard } = await import('./guard/guard.ts');
      return guard(context, given);
    },
    incidents: async (): Promise<Incident[]> => (await context.store()).incidents(),
    incident: async (
      id: string,
    ): Promise<{ incident: Incident; timeline: TimelineEntry[]; denied: DeniedFile[] }> => {
      const store = await context.store();
      const [incident, timeline] = [await store.incident(id), await store.timeline(id)];
      return { incident, timeline, denied: await listDenied(context, incident.id) };
    },
    capture: async (
      reference: string,
      given: ByHandOptions & { freeze: boolean },
    ): Promise<CaptureByHand> => {
      const { captureByHand } = await import('./by-hand.ts');
      return captureByHand(context, reference, given);
    },
    restore: async (reference: string, given: RestoreOptions): Promise<Incident> => {
      const { restoreByHand } = await import('./by-hand.ts');
      return restoreByHand(context, reference, given);
    },
    planRestore: async (reference: string, given: { configFile?: string }): Promise<RestorePlan> => {
      const { planRestore } = await import('./by-hand.ts');
      return planRestore(context, reference, given);
    },
    repave: async (reference: string, given: ByHandOptions & { configFile?: string }): Promise<Incident> => {
      const { repaveByHand } = await import('./by-hand.ts');
      return repaveByHand(context, reference, given);
    },
    discard: async (incidentId: string): Promise<Incident> => {
      const { discardByHand } = await import('./by-hand.ts');
      return discardByHand(context, incidentId);
    },
    audit: async (request: AuditRequest): Promise<AuditReport> => {
      const { audit } = await import('./audit.ts');
      return audit(context, request);
    },
    auditAsSarif: async (report: AuditReport): Promise<unknown> => {
      const { sarif } = await import('../hardening/index.ts');
      return sarif(report);
    },
    harden: async (reference: string, given: HardenOptions): Promise<HardeningPlan> => {
      const { hardenContainer } = await import('./harden.ts');
      return hardenContainer(context, reference, given);
    },
    applyPlan: async (plan: HardeningPlan, given: HardenOptions): Promise<AppliedHardening> => {
      const [{ applyPlan }, { exerciseHardened }] = await Promise.all([
        import('./apply-plan.ts'),
        import('./harden.ts'),
      ]);
      const { onProgress = () => {}, signal } = given;
      const check = (hardened: ContainerDetails) => exerciseHardened(hardened, given);
      return applyPlan(context, plan.container.id, plan, { check, onProgress, signal });
    },
    emitPlan: async (plan: HardeningPlan, format: EmitFormat): Promise<string> => {
      const { emitPlan } = await import('./harden.ts');
      return emitPlan(context, plan, format);
    },
    lock: async (reference: string, allow: readonly string[]): Promise<LockReport> => {
      const { lockByHand } = await import('./lock.ts');
      return lockByHand(context, reference, allow);
    },
    unlock: async (reference: string): Promise<UnlockReport> => {
      const { unlockByHand } = await import('./lock.ts');
      return unlockByHand(context, reference);
    },
    evidence: {
      list: () => listEvidence(context),
      verify: (reference: string, publicKeyFile?: string) =>
        verifyEvidence(context, reference, publicKeyFile),
      show: (reference: string) => showEvidence(context, reference),
      export: (reference: string, output: string) => exportEvidence(context, reference, output),
      shell: (reference: string) => openEvidenceShell(context, reference),
      prune: async (request: PruneRequest): Promise<PruneReport> => {
        const { pruneEvidence } = await import('./prune.ts');
        return pruneEvidence(context, request);
      },
      denied: (incident?: string) => listDenied(context, incident),
      exportDenied: (incident: string, output: string) => exportDenied(context, incident, output),
    },
    notifyTest: async (given: {
      readonly configFile: string;
      readonly target?: string;
      readonly signal: AbortSignal;
    }): Promise<TestOutcome[]> => {
      const { notifyTest } = await import('./notify-test.ts');
      return notifyTest(context, given);
    },
    doctor: async (): Promise<DoctorReport> => {
      const { doctor } = await import('./doctor.ts');
      return doctor(context);
    },
    engine: {
      up: async (say: (sentence: string) => void): Promise<EngineStatus> => {
        await ensureStateDirectory(stateDirectory);
        const { engineUp } = await import('../engine/index.ts');
        return engineUp({ stateDirectory, say });
      },
      down: async (given: { purge: boolean; say: (sentence: string) => void }) => {
        const { engineDown } = await import('../engine/index.ts');
        return engineDown({ stateDirectory, ...given });
      },
      status: async (): Promise<EngineStatus> => {
        const { engineStatus } = await import('../engine/index.ts');
        return engineStatus({ stateDirectory });
      },
    },
    close: (): Promise<void> => context.close(),
  };
}
