import {
  type Notification,
  type NotificationKind,
  type NotificationTarget,
  SEVERITIES,
  type Severity,
} from '../../contract/index.ts';
import { parseDuration } from '../../kernel/index.ts';
import type { Target, TargetDependencies } from '../port.ts';
import { bearerHeader, post, urlOf } from './http.ts';

type AlertmanagerConfig = Extract<NotificationTarget, { type: 'alertmanager' }>;
type Message = NonNullable<Notification['parts']>[number];

interface Alert {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
}

const DEFAULT_RESOLVE_AFTER = '24h';
/** Alerts of their own: an incident may be at work and its response have failed. */
const NAMES: Partial<Record<NotificationKind, string>> = {
  failed: 'PristineResponseFailed',
  budget: 'PristineBudgetUsedUp',
  offline: 'PristineOffline',
  refusal: 'PristineRefusedWrite',
  gap: 'PristineGap',
  problem: 'PristineProblem',
  dropped: 'PristineNotificationsDropped',
  test: 'PristineTest',
};
const INCIDENT = 'PristineIncident';

/**
 * Alertmanager's `POST /api/v2/alerts`. An alert tells what is, not what happened: an incident is asked for as it is
 * now, so that a message that comes late does not raise an alert again whose incident is over.
 */
export function alertmanager(
  config: AlertmanagerConfig,
  timeoutMs: number,
  deps: TargetDependencies,
): Target {
  const { name, type, url, bearer } = config;
  return {
    name,
    type,
    deliver: async (notification, signal) => {
      const messages: Message[] = notification.parts ?? [notification];
      const alerts = (await Promise.all(messages.map((message) => alertsOf(message, config, deps)))).flat();
      const address = `${(await urlOf(url, deps.env)).replace(/\/+$/, '')}/api/v2/alerts`;
      const headers = await bearerHeader(bearer, deps.env);
      await post({ url: address, body: JSON.stringify(alerts), headers, timeoutMs, signal });
    },
  };
}

async function alertsOf(
  message: Message,
  { labels, resolveAfter = DEFAULT_RESOLVE_AFTER }: AlertmanagerConfig,
  { now, incidentNow }: TargetDependencies,
): Promise<Alert[]> {
  const { incident, kind } = message;
  const present = now().toISOString();
  const later = new Date(now().getTime() + (parseDuration(resolveAfter) ?? 0)).toISOString();
  const known = incident === null ? null : await incidentNow(incident);
  const ended = known?.ended ?? message.ended;
  const alertname = NAMES[kind] ?? INCIDENT;
  const severity = alertname === INCIDENT ? (known?.severity ?? message.severity) : message.severity;
  const startsAt = alertname === INCIDENT ? (known?.openedAt ?? message.at) : message.at;
  const alert = (of: { alertname: string; severity: Severity; endsAt: string }): Alert => ({
    labels: {
      ...labels,
      alertname: of.alertname,
      severity: of.severity,
      host: message.host,
      ...(message.container === null ? {} : { container: message.container.name }),
      ...(incident === null ? {} : { incident }),
      ...(incident === null && message.rule !== null ? { code: message.rule } : {}),
    },
    annotations: {
      summary: message.title,
      description: message.text,
      ...(message.command === null ? {} : { command: message.command }),
    },
    // An alert that ends before it has begun is refused.
    startsAt: [startsAt, of.endsAt].sort()[0] ?? startsAt,
    endsAt: of.endsAt,
    ...(message.link === null ? {} : { generatorURL: message.link }),
  });
  if (incident === null || known === null) {
    return [alert({ alertname, severity, endsAt: message.ended ? present : later })];
  }
  // Labels are what an alert is known by: one whose incident has become worse is another one, and the old one is over.
  const upTo = SEVERITIES.slice(0, SEVERITIES.indexOf(severity) + 1);
  if (!ended) {
    const lower = alertname === INCIDENT ? upTo.slice(0, -1) : [];
    return [
      alert({ alertname, severity, endsAt: later }),
      ...lower.map((each) => alert({ alertname, severity: each, endsAt: present })),
    ];
  }
  return [INCIDENT, NAMES.failed, NAMES.budget, NAMES.offline].flatMap((each) =>
    each === undefined
      ? []
      : SEVERITIES.map((level) => alert({ alertname: each, severity: level, endsAt: present })),
  );
}
