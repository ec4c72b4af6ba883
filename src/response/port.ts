/** What a response needs of the other rooms; the composition root puts it together. */
import type { Incident, Policy, ResponseStep, TimelineEntry, VerifyReport } from '../contract/index.ts';
import type { ContainerDetails, Engine } from '../engine/index.ts';
import type { Clock } from '../kernel/index.ts';
import type { Store } from '../store/index.ts';
import type { AppliedPlan } from './progress.ts';

/** Keeps and checks evidence. */
export interface EvidenceKeeper {
  /**
   * Captures and seals a bundle of a frozen container and answers with its id.
   * @param replacementRuns its replacement serves already, and may write what both have
   */
  capture(
    suspect: ContainerDetails,
    incident: Incident,
    timeline: TimelineEntry[],
    replacementRuns: boolean,
  ): Promise<string>;
  /** Whether a bundle of this incident has been captured and sealed since a time (ISO 8601), and which. */
  sealedBundle(incident: Incident, since: string): Promise<string | null>;
  verify(bundle: string): Promise<VerifyReport>;
  /** Enters into the ledger that the suspect is about to be destroyed. */
  recordDestruction(bundle: string, suspectId: string): Promise<void>;
  /** Enters into the ledger that a person went on against a check that failed. */
  recordForced(bundle: string | null, incident: Incident, why: string): Promise<void>;
}

/** Makes a suspect read-only while it runs. */
export interface Locking {
  /** Answers with what has come of it, for the timeline. */
  lock(incident: Incident): Promise<string>;
}

/** Keeps the first program of a container from running for a moment, while its networks are being connected. */
export interface StartHold {
  hold(containerId: string): Promise<void>;
  release(containerId: string): Promise<void>;
}

/** Keeps the engine from deleting a container's layer. */
export interface LayerHold {
  hold(containerId: string): Promise<void>;
  release(containerId: string): Promise<void>;
}

/** What a person who replaces a container wants of the new one. */
export interface Trial {
  /** Throws when the replacement, which is healthy, does not work. */
  check(replacementId: string): Promise<void>;
  /** Called while a replacement that is about to be taken away is still there. */
  failed(replacementId: string): Promise<void>;
}

export interface StepReport {
  readonly incident: string;
  readonly container: { readonly id: string; readonly name: string };
  readonly step: ResponseStep;
  readonly phase: 'intent' | 'done' | 'failed';
  readonly at: string;
  readonly text: string;
  /** The container that took the place, once there is one. */
  readonly replacement?: string;
}

export interface ResponseDependencies {
  readonly engine: Engine;
  readonly store: Store;
  readonly evidence: EvidenceKeeper;
  readonly locking?: Locking;
  readonly startHold?: StartHold;
  readonly layerHold?: LayerHold;
  /** How the container of an incident is to be replaced, by its policy. */
  readonly policyFor: (incident: Incident) => Promise<Pick<Policy, 'recovery' | 'lockFirst'>>;
  /**
   * The plan that a replacement is to be hardened by: the one that the incident names, else the newest that was
   * proven for its container and image; null where there is none.
   * @throws {PristineError} E_NO_SUCH_PLAN, E_STATE for one that is named
   */
  readonly planFor: (incident: Incident) => Promise<AppliedPlan | null>;
  /** How a replacement is tried before the original is given up; without it, by its health alone. */
  readonly trial?: Trial;
  readonly clock: Clock;
  /** Told of every step, after the journal has it. */
  readonly onStep: (report: StepReport) => void;
  /** Bound on the wait for the replacement's health, in milliseconds. */
  readonly healthTimeoutMs: number;
  /** A person asked for it: budgets do not count, and what policy has given up is begun anew. */
  readonly byHand?: boolean;
  /** A person accepts evidence that does not verify and differences that nobody explains; it is recorded. */
  readonly force?: boolean;
}
