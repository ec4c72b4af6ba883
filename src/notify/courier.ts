import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Notification, SEVERITIES } from '../contract/index.ts';
import { type Clock, messageOf, newId } from '../kernel/index.ts';
import type { Outbox, OutboxMessage } from '../store/index.ts';
import { DeliveryError, type Target } from './port.ts';
import { summarise, toNotification } from './summary.ts';
import { TokenBucket } from './token-bucket.ts';

export interface CourierOptions {
  readonly target: Target;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly rate: { readonly perMinute: number; readonly burst: number };
  readonly maxAgeMs: number;
  readonly mergeWithinMs: number;
  /** Pause after the first failure, doubled with each further one up to the second value; each half of it random. */
  readonly backoffMs: readonly [first: number, most: number];
  /** Told when the target has failed three times on end, once until it works again. */
  readonly onFailing: (reason: string) => void;
  /** The outbox itself failed. */
  readonly onError: (error: unknown) => void;
}

/** Attempts at a message that the receiver refuses; the reason may be a wrong address or secret that is put right. */
const MAX_REFUSED_ATTEMPTS = 10;
const TELL_AFTER_FAILURES = 3;
/** So many are looked at together when there are too many to send. */
const MAX_AT_ONCE = 500;
const OUTBOX_PAUSE_MS = 5000;
/** A timer takes no more (setTimeout of Node.js), and fires at once when it is given more. */
const LONGEST_REST_MS = 2 ** 31 - 1;

/** Takes one target's messages from the outbox to the target, one after the other, until it is closed. */
export class Courier {
  readonly sent = { ok: 0, failed: 0 };
  readonly #options: CourierOptions;
  readonly #bucket: TokenBucket;
  readonly #abort = new AbortController();
  readonly #work: Promise<void>;
  #wake = Promise.withResolvers<void>();
  #closing = false;
  #failures = 0;
  /** By the clock that nobody sets: one that is set back must not keep the target silent. */
  #pauseUntil = 0;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket(options.rate, performance.now());
    this.#work = this.#run();
  }

  /** There may be something to send. */
  wake(): void {
    this.#wake.resolve();
  }

  /** Sends what can be sent within the time, and ends; the rest is for the next start. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.wake();
    const timer = setTimeout(() => this.#abort.abort(), graceMs);
    await this.#work;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    for (;;) {
      let wait: number | null;
      try {
        wait = await this.#sendNext();
      } catch (error) {
        this.#options.onError(error);
        wait = OUTBOX_PAUSE_MS;
      }
      if (wait === 0) continue;
      if (this.#closing) return;
      await this.#rest(wait);
    }
  }

  /** @returns how long to wait before the next, in milliseconds; null when nothing waits */
  async #sendNext(): Promise<number | null> {
    const { target, outbox, maxAgeMs, mergeWithinMs } = this.#options;
    const now = this.#now();
    await outbox.prune(target.name, { queuedBefore: now - maxAgeMs, sentBefore: now - mergeWithinMs });
    const pause = this.#pauseUntil - performance.now();
    if (pause > 0) return pause;
    const due = await outbox.due(target.name, now, MAX_AT_ONCE);
    const [first] = due;
    if (first === undefined) {
      const next = await outbox.nextDueAt(target.name);
      return next === null ? null : Math.max(1, next - now);
    }
    const limited = this.#bucket.take(performance.now());
    if (limited === 0) await this.#deliver(first);
    else if (due.length === 1 || !(await this.#combine(due))) return limited;
    return 0;
  }

  /** Puts a summary in the place of what has not been tried yet, and is more than may be sent. */
  async #combine(due: readonly OutboxMessage[]): Promise<boolean> {
    const { outbox, clock, target } = this.#options;
    const untried = due.filter(({ attempts, body }) => attempts === 0 && body.kind !== 'dropped');
    if (untried.length < 2) return false;
    const id = newId('ntf', clock);
    const body = summarise(untried, id, clock.now().toISOString());
    await outbox.combine(
      untried.map((message) => message.id),
      {
        ...{ id, target: target.name, mergeKey: id, body, times: body.times },
        rank: SEVERITIES.indexOf(body.severity),
        at: this.#now(),
      },
    );
    return true;
  }

  async #deliver(message: OutboxMessage): Promise<void> {
    const { target, outbox } = this.#options;
    const notification = toNotification(message);
    if (notification === null) return outbox.giveUp([message.id]);
    await outbox.begin(message.id);
    try {
      await target.deliver(notification, this.#abort.signal);
    } catch (error) {
      await this.#failed(message, error);
      return;
    }
    await outbox.sent(message.id, this.#now());
    this.sent.ok += 1;
    this.#failures = 0;
    await this.#tellDropped();
  }

  async #failed({ id, attempts }: OutboxMessage, error: unknown): Promise<void> {
    const { outbox, onFailing } = this.#options;
    // What was interrupted by the end of the guard says nothing about the target.
    if (this.#abort.signal.aborted) return this.#endPause();
    this.sent.failed += 1;
    this.#failures += 1;
    if (this.#failures === TELL_AFTER_FAILURES) onFailing(messageOf(error));
    const { refused = false, retryAfterMs = 0 } = error instanceof DeliveryError ? error : {};
    if (refused && attempts + 1 >= MAX_REFUSED_ATTEMPTS) await outbox.giveUp([id]);
    else await outbox.postpone(id, this.#now() + Math.max(this.#backoff(attempts), retryAfterMs));
    // What a receiver refuses is about the message; anything else is about the receiver, and others would fare no better.
    if (!refused)
      this.#pauseUntil = performance.now() + Math.max(this.#backoff(this.#failures - 1), retryAfterMs);
  }

  #endPause(): void {
    this.#pauseUntil = Number.MAX_SAFE_INTEGER;
  }

  #backoff(failures: number): number {
    const [first, most] = this.#options.backoffMs;
    const full = Math.min(most, first * 2 ** Math.min(failures, 30));
    return Math.round(full / 2 + (Math.random() * full) / 2);
  }

  async #tellDropped(): Promise<void> {
    const { outbox, target, clock } = this.#options;
    const id = newId('ntf', clock);
    const at = clock.now();
    const body: Notification = {
      ...{ version: 1, id, kind: 'dropped', severity: 'high', at: at.toISOString(), host: hostname() },
      ...{ container: null, incident: null, rule: null, attack: [], path: null, times: 1, link: null },
      title: 'notifications were given up',
      text: 'They were too many or too old, or were refused. Nothing of the incidents themselves is lost.',
      command: 'pristine incidents',
      ended: false,
    };
    const rank = SEVERITIES.indexOf(body.severity);
    await outbox.tellDropped({ id, target: target.name, mergeKey: id, rank, body, at: at.getTime() });
  }

  async #rest(ms: number | null): Promise<void> {
    const timer = new AbortController();
    const time = sleep(Math.min(ms ?? LONGEST_REST_MS, LONGEST_REST_MS), undefined, {
      signal: timer.signal,
    }).catch(() => {});
    await Promise.race([this.#wake.promise, time]);
    timer.abort();
    this.#wake = Promise.withResolvers();
  }

  #now(): number {
    return this.#options.clock.now().getTime();
  }
}
