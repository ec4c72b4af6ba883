import { PristineError } from '../kernel/index.ts';
import { sendTest, type TestOutcome } from '../notify/index.ts';
import type { Context } from './context.ts';
import { loadPolicies } from './policies.ts';

/**
 * Sends a test to each target of a configuration, or to one.
 *
 * @throws {PristineError} E_CONFIG_UNREADABLE, E_CONFIG_INVALID; E_USAGE when there is no such target
 */
export async function notifyTest(
  { clock, env }: Context,
  {
    configFile,
    target,
    signal,
  }: { readonly configFile: string; readonly target?: string; readonly signal: AbortSignal },
): Promise<TestOutcome[]> {
  const { config } = await loadPolicies({ configFile });
  const targets = config.notify?.targets ?? [];
  const names = targets.map(({ name }) => name);
  if (targets.length === 0) {
    throw new PristineError('E_USAGE', `${configFile} names nobody to notify`, {
      next: 'Add targets below "notify"; docs/notifications.md has examples.',
    });
  }
  if (target !== undefined && !names.includes(target)) {
    throw new PristineError('E_USAGE', `${configFile} has no target named ${JSON.stringify(target)}`, {
      next: `There are: ${names.join(', ')}.`,
    });
  }
  const only = target === undefined ? {} : { only: target };
  return sendTest({ targets }, { ...only, clock, env, signal });
}
