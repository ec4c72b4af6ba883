import type { Notification } from '../contract/index.ts';

/** Where messages go. */
export interface Target {
  readonly name: string;
  readonly type: string;
  /**
   * Resolves once the receiver has taken the message, as far as its protocol can say so.
   *
   * @throws {DeliveryError}
   */
  deliver(notification: Notification, signal: AbortSignal): Promise<void>;
}

/** A message was not taken; the text names neither secret nor whole address. */
export class DeliveryError extends Error {
  /** The receiver does not want this message: it is not tried for ever. */
  readonly refused: boolean;
  /** How long the receiver asks us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { refused?: boolean; retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DeliveryError';
    this.refused = options.refused ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** What a target has to do with, beside its configuration. */
export interface TargetDependencies {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** What is known of an incident now; null for one that is not there. */
  readonly incidentNow: (id: string) => Promise<IncidentNow | null>;
}

export interface IncidentNow {
  readonly severity: Notification['severity'];
  readonly ended: boolean;
  readonly openedAt: string;
}
