import type { Incident } from '../contract/index.ts';
import type { ContainerDetails } from '../engine/index.ts';
import { type LockReport, type LockTarget, lock, type UnlockReport, unlock } from '../lockdown/index.ts';
import type { Locking } from '../response/index.ts';
import type { Context } from './context.ts';
import { ensureStateDirectory } from './state-directory.ts';

/** Makes a running container read-only, but for what is allowed. */
export async function lockByHand(
  context: Context,
  reference: string,
  allow: readonly string[],
): Promise<LockReport> {
  const { target, again } = await find(context, reference);
  return lock(target, { stateDirectory: context.stateDirectory, allow, again });
}

/** Undoes what a lock did. */
export async function unlockByHand(context: Context, reference: string): Promise<UnlockReport> {
  const { target, again } = await find(context, reference);
  return unlock(target, { stateDirectory: context.stateDirectory, again });
}

/** Locks as a response needs them: nothing is allowed. */
export function locking(context: Context): Locking {
  return {
    lock: async ({ container }: Incident) => summaryOf(await lockByHand(context, container.id, [])),
  };
}

/** One line for an incident's timeline. */
function summaryOf({ state, held, writable }: LockReport): string {
  if (state === 'locked') return 'read-only';
  const holders = held
    .slice(0, 3)
    .map(({ pid, exe, path }) => `${path} by ${exe ?? 'a process'} (pid ${pid})`);
  const places = writable.flatMap(({ path, intended }) => (intended ? [] : [path]));
  return `read-only in part; still writable: ${[...new Set([...places, ...holders])].join(', ')}`;
}

async function find(context: Context, reference: string) {
  await ensureStateDirectory(context.stateDirectory);
  const engine = await context.engine();
  const details = await engine.inspect(reference);
  const again = async () => targetOf(await engine.inspect(details.id));
  return { target: targetOf(details), again };
}

function targetOf(details: ContainerDetails): LockTarget {
  return { ...details, readOnlyRoot: details.security.readOnlyRoot };
}
