import { type Notification, notificationSchema, SEVERITIES } from '../contract/index.ts';
import type { OutboxMessage } from '../store/index.ts';
import { cut } from './text.ts';

type Part = NonNullable<Notification['parts']>[number];

/** Parts of a summary; each is bounded itself. */
const MAX_PARTS = 50;
const MAX_TEXT = 1000;

/**
 * The message as it is sent: what waits in the outbox, under its id there and with its number there; null when another
 * version of Pristine has left something that this one does not understand.
 */
export function toNotification({ id, body, times }: OutboxMessage): Notification | null {
  return notificationSchema.safeParse({ ...body, id, times }).data ?? null;
}

/** One message in the place of several: of each incident the last, of the worst severity, as far as there is room. */
export function summarise(messages: readonly OutboxMessage[], id: string, at: string): Notification {
  const all = messages.flatMap((message): Part[] => {
    const notification = toNotification(message);
    if (notification === null) return [];
    const { parts, ...one } = notification;
    return parts ?? [one];
  });
  const times = messages.reduce((sum, message) => sum + message.times, 0);
  const last = new Map<string, Part>();
  for (const part of all) last.set(`${part.incident} ${part.kind}`, part);
  const parts = [...last.values()]
    .sort((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity))
    .slice(0, MAX_PARTS);
  const incidents = new Set(all.flatMap(({ incident }) => incident ?? []));
  const [only] = incidents.size === 1 ? parts : [];
  return {
    version: 1,
    id,
    kind: 'summary',
    severity: parts[0]?.severity ?? 'info',
    at,
    host: parts[0]?.host ?? '',
    container: only?.container ?? null,
    incident: only?.incident ?? null,
    rule: null,
    attack: [],
    path: null,
    title: `${times} notifications in one, as more came than this target takes`,
    text: cut(
      parts.map(({ title, container }) => `${container?.name ?? 'the guard'}: ${title}`).join('; '),
      MAX_TEXT,
    ),
    times,
    link: only?.link ?? null,
    command: only?.command ?? 'pristine incidents',
    ended: false,
    parts,
  };
}
