import type { NotificationTarget } from '../../contract/index.ts';
import { parseDuration } from '../../kernel/index.ts';
import type { Target, TargetDependencies } from '../port.ts';
import { alertmanager } from './alertmanager.ts';
import { command } from './command.ts';
import { journald } from './journald.ts';
import { slack } from './slack.ts';
import { syslog } from './syslog.ts';
import { webhook } from './webhook.ts';

const DEFAULT_TIMEOUT_MS = 10_000;

/** The target that a part of the configuration describes. */
export function createTarget(config: NotificationTarget, deps: TargetDependencies): Target {
  const given = config.timeout === undefined ? null : parseDuration(config.timeout);
  const timeoutMs = given === null || given === 0 ? DEFAULT_TIMEOUT_MS : given;
  switch (config.type) {
    case 'webhook':
      return webhook(config, timeoutMs, deps);
    case 'slack':
      return slack(config, timeoutMs, deps);
    case 'alertmanager':
      return alertmanager(config, timeoutMs, deps);
    case 'syslog':
      return syslog(config, timeoutMs);
    case 'journald':
      return journald(config, timeoutMs);
    case 'command':
      return command(config, timeoutMs);
  }
}
