import { stat } from 'node:fs/promises';
import type { Notification, NotificationTarget } from '../../contract/index.ts';
import { DeliveryError, type Target } from '../port.ts';
import { safeText } from '../text.ts';
import { runProgram } from './program.ts';
import { SYSLOG_LEVELS } from './syslog-levels.ts';

type JournaldConfig = Extract<NotificationTarget, { type: 'journald' }>;

const SOCKET = '/run/systemd/journal/socket';

/** The journal, by `logger --journald` (logger(1)), with fields to search for: `journalctl PRISTINE_INCIDENT=inc-…`. */
export function journald({ name, type }: JournaldConfig, timeoutMs: number): Target {
  return {
    name,
    type,
    deliver: async (notification, signal) => {
      // sd_journal_sendv(3) does nothing, and says that all went well, where there is no journal.
      if ((await stat(SOCKET).catch(() => null)) === null) {
        throw new DeliveryError(`there is no journal here: ${SOCKET} is not there`);
      }
      await runProgram(['logger', '--journald'], journalFields(notification), { timeoutMs, signal });
    },
  };
}

/** One field a line; no value can begin another line, as all are printable. */
export function journalFields(notification: Notification): string {
  const { severity, kind, id, title, text, container, incident, rule, path, link, times } = notification;
  const fields: Record<string, string | null> = {
    MESSAGE: `${title}: ${text}`,
    PRIORITY: String(SYSLOG_LEVELS[severity].number),
    SYSLOG_IDENTIFIER: 'pristine',
    PRISTINE_ID: id,
    PRISTINE_KIND: kind,
    PRISTINE_SEVERITY: severity,
    PRISTINE_CONTAINER: container?.name ?? null,
    PRISTINE_CONTAINER_ID: container?.id ?? null,
    PRISTINE_INCIDENT: incident,
    PRISTINE_RULE: rule,
    PRISTINE_PATH: path,
    PRISTINE_LINK: link,
    PRISTINE_TIMES: String(times),
  };
  return Object.entries(fields)
    .filter((field): field is [string, string] => field[1] !== null)
    .map(([name, value]) => `${name}=${oneLine(value)}\n`)
    .join('');
}

/** The texts are printable already; this is where a line end would do harm. */
function oneLine(text: string): string {
  return /[\n\0]/.test(text) ? safeText(text, 4096) : text;
}
