import type { Incident, RecoveryPolicy } from '../../contract/index.ts';
import { messageOf, PristineError } from '../../kernel/index.ts';
import type { ResponseDependencies } from '../port.ts';
import type { AppliedPlan, Way } from '../progress.ts';
import type { Step } from './step.ts';

const HOUR_MS = 3_600_000;

/**
 * Chooses the way, by policy and by how often the container was replaced lately. It asks the engine nothing, as
 * the attacker works on meanwhile.
 */
export const decide: Step<'decide'> = {
  intent: () => null,
  run: async (incident, _progress, deps) => {
    const { store, clock, byHand } = deps;
    const { recovery, lockFirst } = await deps.policyFor(incident);
    if ((await store.purposeOf(incident.id)) === 'repave') {
      const plan = incident.plan === undefined ? null : await deps.planFor(incident);
      return {
        data: { way: 'repave', readOnly: false, lockFirst: false, recovery, ...(plan && { plan }) },
        text: plan === null ? 'its age has come' : `it is to be hardened, as ${plan.id} has it`,
      };
    }
    const hourAgo = new Date(clock.now().getTime() - HOUR_MS).toISOString();
    const times = byHand ? 0 : await store.replacementsSince(incident.container.name, hourAgo);
    if (times >= recovery.replacementsPerHour) await containAndRefuse(incident, recovery, deps);
    const readOnly = recovery.readOnlyAfter > 0 && times >= recovery.readOnlyAfter;
    const offline = recovery.offlineAfter > 0 && times >= recovery.offlineAfter;
    const way = offline ? 'offline' : wayOf(recovery, readOnly);
    // The list of folders that policy has fits all containers a little; a plan was proven with this one's image.
    const plan = readOnly && !offline ? await deps.planFor(incident).catch(() => null) : null;
    const decided = { way, readOnly, lockFirst: lockFirst || way === 'start-first', recovery };
    return {
      data: { ...decided, ...(plan && { plan }) },
      text: sentence(decided, times, plan),
    };
  },
};

function wayOf({ order, standby }: RecoveryPolicy, readOnly: boolean): Way {
  // The twin that waits can write to its root.
  if (standby === 'warm' && !readOnly) return 'standby';
  return order === 'start-first' ? 'start-first' : 'freeze';
}

const WAYS: Readonly<Record<Way, string>> = {
  freeze: 'freeze it, then replace it',
  'start-first': 'start a replacement, then freeze it',
  standby: 'switch to the standby, then freeze it',
  offline: 'freeze it, and keep it off the network',
  repave: 'replace it',
};

function sentence(
  { way, readOnly }: { readonly way: Way; readonly readOnly: boolean },
  times: number,
  plan: AppliedPlan | null,
): string {
  const again = times === 0 ? '' : `; it was replaced ${times} times within the last hour`;
  const how = plan === null ? '' : `, as ${plan.id} has it`;
  return `${WAYS[way]}${readOnly && way !== 'offline' ? `, read-only${how}` : ''}${again}`;
}

/** An attacker must not be able to take the service down by being found again and again. */
async function containAndRefuse(
  incident: Incident,
  { replacementsPerHour }: RecoveryPolicy,
  { locking }: ResponseDependencies,
): Promise<never> {
  const locked = await locking
    ?.lock(incident)
    .catch((error) => `it could not be locked: ${messageOf(error)}`);
  throw new PristineError(
    'E_BUDGET',
    `${incident.container.name} was replaced ${replacementsPerHour} times within an hour; it goes on serving, ${locked ?? 'not locked'}`,
    {
      next: 'Find out how the attacker gets in. "pristine restore" replaces it now; the guard does so when the hour is over.',
    },
  );
}
