/** The port to messages that wait to be sent, each for one target; times are milliseconds since 1970. */

export interface NewOutboxMessage {
  readonly id: string;
  readonly target: string;
  /** Messages of a target that have the same key may be merged. */
  readonly mergeKey: string;
  /** What has less rank is given up first when there are too many. */
  readonly rank: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** For how many it stands. */
  readonly times: number;
  readonly at: number;
}

export interface OutboxMessage extends NewOutboxMessage {
  readonly dueAt: number;
  /** Attempts begun, also those that a crash has cut off. */
  readonly attempts: number;
}

export interface OutboxLimits {
  readonly mergeWithinMs: number;
  /** Of a target, that wait. */
  readonly maxMessages: number;
}

export interface OutboxCounts {
  readonly target: string;
  readonly queued: number;
  /** Given up since the database was made: too many, too old, or refused for good. */
  readonly dropped: number;
}

/** Every method resolves once its effect is on disk. */
export interface Outbox {
  /**
   * Takes a message in. One that waits with the same key, and that nobody has tried to send, takes on its body,
   * its number and the higher rank. One that was sent, or tried, within `mergeWithinMs` makes it wait until that
   * time is over. When more than `maxMessages` wait, the oldest of the least rank is given up.
   */
  put(message: NewOutboxMessage, limits: OutboxLimits): Promise<'queued' | 'merged'>;
  /** Those whose time has come, oldest first. */
  due(target: string, now: number, limit: number): Promise<OutboxMessage[]>;
  /** When the next one's time comes; null when none waits. */
  nextDueAt(target: string): Promise<number | null>;
  /** Counts an attempt; from here on nothing is merged into the message. */
  begin(id: string): Promise<void>;
  sent(id: string, at: number): Promise<void>;
  /** It is to be tried again at `dueAt`. */
  postpone(id: string, dueAt: number): Promise<void>;
  /** Puts one message in the place of several, all at once. */
  combine(ids: readonly string[], message: NewOutboxMessage): Promise<void>;
  /** Gives messages up, and counts those that they stand for. */
  giveUp(ids: readonly string[]): Promise<void>;
  /** Gives up what waits since before `queuedBefore`, and forgets what was sent before `sentBefore`. */
  prune(target: string, limits: { queuedBefore: number; sentBefore: number }): Promise<void>;
  /** Puts in a message that stands for all that was given up and not told yet; false when there is nothing to tell. */
  tellDropped(message: Omit<NewOutboxMessage, 'times'>): Promise<boolean>;
  /** Forgets every target but these, and what waits for it; answers with how many messages that were. */
  retain(targets: readonly string[]): Promise<number>;
  counts(): Promise<OutboxCounts[]>;
}
