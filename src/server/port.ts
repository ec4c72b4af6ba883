import type { GuardEvent, Incident, Mode, TimelineEntry } from '../contract/index.ts';
import type { NotificationCounts } from '../notify/index.ts';

/** A container as the running guard sees it. */
export interface GuardedContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly mode: Mode;
}

/** What the API tells of; the running guard provides it. */
export interface ServerDependencies {
  containers(): GuardedContainer[];
  incidents(): Promise<Incident[]>;
  /** @throws {PristineError} E_NO_SUCH_INCIDENT */
  incident(id: string): Promise<{ incident: Incident; timeline: TimelineEntry[] }>;
  notifications(): Promise<NotificationCounts[]>;
  /** Calls back with each event of the guard until the returned function is called. */
  subscribe(listener: (event: GuardEvent) => void): () => void;
}
