import type { NotificationTarget } from '../../contract/index.ts';
import type { Target } from '../port.ts';
import { runProgram } from './program.ts';

type CommandConfig = Extract<NotificationTarget, { type: 'command' }>;

/** A program of the user's, which reads the message as one line of JSON. */
export function command({ name, type, command: argv }: CommandConfig, timeoutMs: number): Target {
  return {
    name,
    type,
    deliver: (notification, signal) =>
      runProgram(argv, `${JSON.stringify(notification)}\n`, { timeoutMs, signal }),
  };
}
