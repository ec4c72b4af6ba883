import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import {
  type GuardEvent,
  NOTIFICATION_EVENTS,
  type Notification,
  type NotificationTarget,
  type NotifyConfig,
  SEVERITIES,
} from '../contract/index.ts';
import { type Clock, type Logger, newId, PristineError, parseDuration } from '../kernel/index.ts';
import type { OutboxLimits, Store } from '../store/index.ts';
import { Courier } from './courier.ts';
import { Describer, type Draft, isNotable } from './describe.ts';
import type { IncidentNow } from './port.ts';
import { createTarget } from './targets/create.ts';

export interface NotifierOptions {
  readonly config: NotifyConfig;
  readonly store: Store;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  /** Where the HTTP API answers, for links; null while it does not. */
  readonly apiUrl: () => string | null;
  readonly onProblem: (error: PristineError) => void;
  /** For tests; 1 s and 10 minutes otherwise. */
  readonly backoffMs?: readonly [first: number, most: number];
}

/** Since the guard began, but for `queued` and `dropped`, which the outbox knows. */
export interface NotificationCounts {
  readonly target: string;
  readonly queued: number;
  readonly sent: number;
  /** Attempts. */
  readonly failed: number;
  readonly dropped: number;
}

export interface Notifier {
  readonly onEvent: (event: GuardEvent) => void;
  counts(): Promise<NotificationCounts[]>;
  /** Resolves when all that came is in the outbox, and when what could be sent at once was sent. */
  close(): Promise<void>;
}

const DEFAULTS = {
  from: 'medium',
  events: NOTIFICATION_EVENTS.filter((event) => event !== 'finding'),
  mergeWithin: '5m',
  maxAge: '3d',
  maxMessages: 1000,
  perMinute: 20,
  burst: 10,
} as const;
const DEFAULT_BACKOFF_MS = [1000, 600_000] as const;
/** Events that wait for the disk; beyond that they are lost, and counted. */
const MAX_WAITING = 10_000;
const CLOSE_GRACE_MS = 2000;

/**
 * Tells targets of the guard's events: each message is in the outbox, on disk, before anything is sent, and stays
 * there until its target has taken it. What an earlier guard has left is sent as well.
 */
export async function startNotifier(options: NotifierOptions): Promise<Notifier> {
  const { config, store, clock, env, logger } = options;
  const { outbox } = store;
  const describer = new Describer({ incident: (id) => store.incident(id) });
  const limits: OutboxLimits = {
    mergeWithinMs: milliseconds(config.mergeWithin ?? DEFAULTS.mergeWithin),
    maxMessages: config.keep?.maxMessages ?? DEFAULTS.maxMessages,
  };
  const forgotten = await outbox.retain(config.targets.map(({ name }) => name));
  if (forgotten > 0) logger.warn({ forgotten }, 'notifications for targets that are no more were given up');
  const deps = { env, now: () => clock.now(), incidentNow: (id: string) => incidentNow(store, id) };
  const couriers = config.targets.map(
    (target) =>
      new Courier({
        ...{ target: createTarget(target, deps), outbox, clock },
        rate: {
          perMinute: target.rate?.perMinute ?? DEFAULTS.perMinute,
          burst: target.rate?.burst ?? DEFAULTS.burst,
        },
        maxAgeMs: milliseconds(config.keep?.maxAge ?? DEFAULTS.maxAge),
        mergeWithinMs: limits.mergeWithinMs,
        backoffMs: options.backoffMs ?? DEFAULT_BACKOFF_MS,
        onFailing: (reason) => options.onProblem(failing(target.name, reason)),
        onError: (error) => logger.error({ err: error }, 'the outbox of notifications cannot be read'),
      }),
  );

  let [waiting, lost, closed] = [0, 0, false];
  let taken = Promise.resolve();

  async function take(event: GuardEvent): Promise<void> {
    const draft = await describer.describe(event);
    if (draft === null) return;
    for (const [index, target] of config.targets.entries()) {
      if (!wants(target, draft)) continue;
      const body = complete(draft, newId('ntf', clock), linkOf(draft, options));
      await outbox.put(
        {
          ...{ id: body.id, target: target.name, body, times: 1 },
          mergeKey: mergeKey(draft),
          rank: SEVERITIES.indexOf(draft.severity),
          at: clock.now().getTime(),
        },
        limits,
      );
      couriers[index]?.wake();
    }
  }

  return {
    onEvent: (event) => {
      if (closed || !isNotable(event)) return;
      if (waiting >= MAX_WAITING) {
        lost += 1;
        return;
      }
      waiting += 1;
      taken = taken
        .then(() => take(event))
        .catch((error) => {
          lost += 1;
          // Not as a problem: that would be the next message that cannot be written.
          logger.error({ err: error }, 'a notification could not be written to the outbox');
        })
        .finally(() => {
          waiting -= 1;
        });
    },
    counts: async () => {
      const known = new Map((await outbox.counts()).map((counts) => [counts.target, counts]));
      return config.targets.map(({ name }, index) => ({
        target: name,
        queued: known.get(name)?.queued ?? 0,
        sent: couriers[index]?.sent.ok ?? 0,
        failed: couriers[index]?.sent.failed ?? 0,
        // What never reached the disk was meant for every target.
        dropped: (known.get(name)?.dropped ?? 0) + lost,
      }));
    },
    close: async () => {
      closed = true;
      await taken;
      await Promise.all(couriers.map((courier) => courier.close(CLOSE_GRACE_MS)));
      if (lost > 0) logger.error({ lost }, 'notifications were lost before they were on disk');
    },
  };
}

function wants(
  { from = DEFAULTS.from, events = DEFAULTS.events }: NotificationTarget,
  draft: Draft,
): boolean {
  const severe = SEVERITIES.indexOf(draft.severity) >= SEVERITIES.indexOf(from);
  return severe && (events as readonly string[]).includes(draft.kind);
}

function complete({ sameness: _, ...draft }: Draft, id: string, link: string | null): Notification {
  return {
    version: 1,
    id,
    ...draft,
    attack: [...draft.attack],
    host: hostname(),
    times: 1,
    link,
    command: draft.incident === null ? null : `pristine incident ${draft.incident}`,
  };
}

function linkOf({ incident }: Draft, { config, apiUrl }: NotifierOptions): string | null {
  if (incident === null) return null;
  const api = apiUrl();
  const base = config.link ?? (api === null ? null : `${api}/api/v1/incidents/{incident}`);
  if (base === null) return null;
  const id = encodeURIComponent(incident);
  return base.includes('{incident}') ? base.replaceAll('{incident}', id) : `${base.replace(/\/$/, '')}/${id}`;
}

/** Of one length, whatever a container has put into it. */
function mergeKey({ kind, incident, container, sameness }: Draft): string {
  const parts = JSON.stringify([kind, incident, container?.id ?? null, sameness]);
  return createHash('sha256').update(parts).digest('hex');
}

async function incidentNow(store: Store, id: string): Promise<IncidentNow | null> {
  try {
    const { severity, endedAt, openedAt } = await store.incident(id);
    return { severity, ended: endedAt !== null, openedAt };
  } catch (error) {
    if (error instanceof PristineError && error.code === 'E_NO_SUCH_INCIDENT') return null;
    throw error;
  }
}

function failing(target: string, reason: string): PristineError {
  return new PristineError('E_NOTIFY', `notifications to ${target} fail: ${reason}`, {
    next: `What was not sent is kept and tried again. "pristine notify test --target ${target}" tries it now.`,
  });
}

function milliseconds(duration: string): number {
  return parseDuration(duration) ?? 0;
}
