import type { NotifyConfig } from '../../contract/index.ts';
import { type Notifier, startNotifier } from '../../notify/index.ts';
import type { Context } from '../context.ts';
import type { EventHub } from './event-hub.ts';

export interface NotificationsOptions {
  readonly hub: EventHub;
  /** Nobody is told of anything when absent. */
  readonly config: NotifyConfig | undefined;
  readonly apiUrl: () => string | null;
  readonly onProblem: (error: unknown) => void;
}

/** Tells those whom the configuration names of the guard's events, until it is closed. */
export async function startNotifications(
  context: Context,
  { hub, config, apiUrl, onProblem }: NotificationsOptions,
): Promise<Pick<Notifier, 'counts' | 'close'>> {
  if (config === undefined) return { counts: async () => [], close: async () => {} };
  const { clock, env, logger } = context;
  const store = await context.store();
  const notifier = await startNotifier({ config, store, clock, env, logger, apiUrl, onProblem });
  const unsubscribe = hub.subscribe(notifier.onEvent);
  return {
    counts: notifier.counts,
    close: async () => {
      unsubscribe();
      await notifier.close();
    },
  };
}
