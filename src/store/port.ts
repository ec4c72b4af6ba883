/** The port to what Pristine remembers: incidents, their findings and the journal of each response. */
import type {
  Finding,
  Incident,
  IncidentState,
  Mode,
  ResponseStep,
  TimelineEntry,
} from '../contract/index.ts';
import type { Outbox } from './outbox-port.ts';

export interface NewIncident {
  readonly id: string;
  readonly container: { readonly id: string; readonly name: string; readonly image: string };
  readonly mode: Mode;
  readonly openedAt: string;
  /** Why it is replaced; an incident when absent. A repave is journalled alike, and listed nowhere. */
  readonly purpose?: ResponsePurpose;
  /** Id of the plan by which the replacement is hardened. */
  readonly plan?: string;
}

export type ResponsePurpose = 'incident' | 'repave';

export interface IncidentPatch {
  readonly state?: IncidentState;
  readonly endedAt?: string;
  /** Null when it was taken away again. */
  readonly replacement?: { readonly id: string; readonly name: string } | null;
  /** Null once the kept suspect is gone. */
  readonly suspect?: Incident['suspect'];
  readonly error?: string;
}

/**
 * A line of the journal: written, and on disk, before (`intent`) and after (`done`, `failed`) each step; `undone`
 * when a step that was done does not count any more, `given-up` when policy ends the attempts.
 */
export interface JournalEntry {
  readonly incidentId: string;
  readonly step: ResponseStep;
  readonly phase: 'intent' | 'done' | 'failed' | 'undone' | 'given-up';
  readonly at: string;
  /** What a later start needs to know to go on: ids, what was frozen, which bundle. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Every method resolves once its effect is on disk. */
export interface Store {
  openIncident(incident: NewIncident): Promise<void>;
  /** Sees to it that incidents can be written for a while when somebody else fills the disk. */
  reserve(): Promise<void>;
  /** Adds a finding; one with the same id is left as it was, and the answer is false. Raises the incident's severity. */
  addFinding(incidentId: string, finding: Finding): Promise<boolean>;
  addBundle(incidentId: string, bundleId: string): Promise<void>;
  updateIncident(incidentId: string, patch: IncidentPatch): Promise<void>;
  /** @throws {PristineError} E_NO_SUCH_INCIDENT, naming the nearest known id */
  incident(id: string): Promise<Incident>;
  /** Without repaves, newest first. */
  incidents(): Promise<Incident[]>;
  /** Incidents and repaves whose response has begun and not ended, oldest first. */
  unfinished(): Promise<Incident[]>;
  purposeOf(id: string): Promise<ResponsePurpose>;
  /** Incidents whose suspect is still kept, the one that may go first being first. */
  keptSuspects(): Promise<Incident[]>;
  /** How often containers of a name were replaced after an incident since a time (ISO 8601). */
  replacementsSince(containerName: string, since: string): Promise<number>;
  /** The incident of a container that has not ended, if there is one; never a repave. */
  activeIncident(containerId: string): Promise<Incident | null>;
  /** @param told the line of the timeline that says the same; both are written at once */
  journal(entry: JournalEntry, told?: TimelineEntry): Promise<void>;
  journalOf(incidentId: string): Promise<JournalEntry[]>;
  addTimeline(incidentId: string, entry: TimelineEntry): Promise<void>;
  /** In order of time. */
  timeline(incidentId: string): Promise<TimelineEntry[]>;
  /** Notifications that wait to be sent. */
  readonly outbox: Outbox;
  close(): Promise<void>;
}
