/** What a response needs of the other rooms; the composition root puts it together. */
import type { Incident, ResponseStep, TimelineEntry, VerifyReport } from '../contract/index.ts';
import type { ContainerDetails, Engine } from '../engine/index.ts';
import type { Clock } from '../kernel/index.ts';
import type { Store } from '../store/index.ts';

/** Keeps and checks evidence. */
export interface EvidenceKeeper {
  /** Captures and seals a bundle of a frozen container and answers with its id. */
  capture(suspect: ContainerDetails, incident: Incident, timeline: TimelineEntry[]): Promise<string>;
  /** Whether a bundle of this incident and container has been sealed already, and which. */
  sealedBundle(incident: Incident): Promise<string | null>;
  verify(bundle: string): Promise<VerifyReport>;
  /** Enters into the ledger that the suspect is about to be destroyed. */
  recordDestruction(bundle: string, suspectId: string): Promise<void>;
}

/** Makes a suspect read-only before it is frozen, where its policy asks for that. */
export interface LockFirst {
  isWanted(incident: Incident): Promise<boolean>;
  /** Answers with what has come of it, for the timeline. */
  lock(incident: Incident): Promise<string>;
}

export interface StepReport {
  readonly incident: string;
  readonly container: { readonly id: string; readonly name: string };
  readonly step: ResponseStep;
  readonly phase: 'intent' | 'done' | 'failed';
  readonly at: string;
  readonly text: string;
}

export interface ResponseDependencies {
  readonly engine: Engine;
  readonly store: Store;
  readonly evidence: EvidenceKeeper;
  readonly lockFirst?: LockFirst;
  readonly clock: Clock;
  /** Told of every step, after the journal has it. */
  readonly onStep: (report: StepReport) => void;
  /** Bound on the wait for the replacement's health, in milliseconds. */
  readonly healthTimeoutMs: number;
}
