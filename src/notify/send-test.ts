import { hostname } from 'node:os';
import type { Notification, NotificationTarget, NotifyConfig } from '../contract/index.ts';
import { type Clock, messageOf, newId } from '../kernel/index.ts';
import { createTarget } from './targets/create.ts';

export interface TestOutcome {
  readonly target: string;
  readonly type: NotificationTarget['type'];
  readonly ok: boolean;
  /** Of the attempt, in milliseconds. */
  readonly ms: number;
  /** Why it failed. */
  readonly error: string | null;
}

/** Sends a message to each target, or to one, at once and once; rate, levels and outbox have no say. */
export function sendTest(
  config: NotifyConfig,
  options: {
    readonly only?: string;
    readonly clock: Clock;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal;
  },
): Promise<TestOutcome[]> {
  const { only, clock, env, signal } = options;
  const chosen = config.targets.filter(({ name }) => only === undefined || name === only);
  const now = () => clock.now();
  return Promise.all(
    chosen.map(async (target) => {
      const began = performance.now();
      const deliver = createTarget(target, { env, now, incidentNow: async () => null }).deliver;
      const error = await deliver(testMessage(clock), signal).then(() => null, messageOf);
      const ms = Math.round(performance.now() - began);
      return { target: target.name, type: target.type, ok: error === null, ms, error };
    }),
  );
}

function testMessage(clock: Clock): Notification {
  return {
    version: 1,
    id: newId('ntf', clock),
    kind: 'test',
    severity: 'info',
    at: clock.now().toISOString(),
    host: hostname(),
    container: null,
    incident: null,
    rule: null,
    attack: [],
    path: null,
    title: 'test of notifications',
    text: 'Sent by hand; nothing has happened.',
    times: 1,
    link: null,
    command: null,
    // So that an alert is over as soon as it is there.
    ended: true,
  };
}
