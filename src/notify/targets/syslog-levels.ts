import type { Severity } from '../../contract/index.ts';

/** Severities of RFC 5424, 6.2.1, and their names in logger(1). */
export const SYSLOG_LEVELS: Readonly<Record<Severity, { number: number; name: string }>> = {
  info: { number: 6, name: 'info' },
  low: { number: 5, name: 'notice' },
  medium: { number: 4, name: 'warning' },
  high: { number: 3, name: 'err' },
  critical: { number: 2, name: 'crit' },
};

/** Facilities of RFC 5424, 6.2.1. */
export const SYSLOG_FACILITIES = {
  user: 1,
  daemon: 3,
  auth: 4,
  authpriv: 10,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
} as const;
