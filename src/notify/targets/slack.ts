import type { Notification, NotificationTarget, Severity } from '../../contract/index.ts';
import type { Target, TargetDependencies } from '../port.ts';
import { cut } from '../text.ts';
import { post, urlOf } from './http.ts';

type SlackConfig = Extract<NotificationTarget, { type: 'slack' }>;

const COLOURS: Readonly<Record<Severity, string>> = {
  info: '#8a8a8a',
  low: '#3b82f6',
  medium: '#eab308',
  high: '#f97316',
  critical: '#dc2626',
};
/** Lines of a summary; more would be cut by the receiver. */
const MAX_LINES = 15;

/** Incoming webhooks of Slack, and of what takes the same body (Mattermost, Rocket.Chat, Discord's /slack). */
export function slack({ name, type, url }: SlackConfig, timeoutMs: number, deps: TargetDependencies): Target {
  return {
    name,
    type,
    deliver: async (notification, signal) => {
      const body = JSON.stringify(slackBody(notification));
      await post({ url: await urlOf(url, deps.env), body, timeoutMs, signal });
    },
  };
}

/**
 * What a container may have had a hand in stands within code spans, where no mention, no link and no format is
 * read; `&`, `<` and `>`, with which Slack's own mentions begin, are escaped everywhere.
 */
function slackBody(notification: Notification) {
  const { severity, title, text, container, incident, link, command, host, times, parts } = notification;
  const again = times === 1 ? '' : ` (${times} times)`;
  const where = container === null ? '' : ` in ${code(container.name)}`;
  const lines = (parts ?? []).slice(0, MAX_LINES).map(lineOf);
  const more = [
    ...(incident === null ? [] : [code(incident)]),
    ...(link === null ? [] : [`<${escaped(link).replaceAll('|', '%7C')}|look>`]),
    ...(command === null ? [] : [code(command)]),
    `on ${code(host)}`,
  ];
  return {
    text: `*${severity}*: ${escaped(title)}${where}${again}`,
    attachments: [
      {
        color: COLOURS[severity],
        fallback: escaped(title),
        text: [...(lines.length === 0 ? [code(text)] : lines), more.join(' · ')].join('\n'),
        mrkdwn_in: ['text'],
      },
    ],
    // Names of people and channels in plain text stay plain text.
    link_names: false,
    parse: 'none',
    unfurl_links: false,
    unfurl_media: false,
  };
}

function lineOf({ severity, title, container, times }: NonNullable<Notification['parts']>[number]): string {
  const where = container === null ? '' : ` in ${code(container.name)}`;
  return `• ${severity}: ${escaped(title)}${where}${times === 1 ? '' : ` (${times} times)`}`;
}

function code(text: string): string {
  // A back-tick would end the span; an empty span is none.
  return text === '' ? '' : `\`${escaped(cut(text, 1500).replaceAll('`', '´'))}\``;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
