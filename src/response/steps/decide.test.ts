import { expect, test } from 'vitest';
import { DEFAULT_RECOVERY, type Incident, type RecoveryPolicy } from '../../contract/index.ts';
import type { ResponseDependencies } from '../port.ts';
import { decide } from './decide.ts';

const incident = { id: 'inc', container: { id: 'c', name: 'web', image: 'i' } } as Incident;

async function decided(policy: Partial<RecoveryPolicy>, replacedBefore: number) {
  const deps = {
    store: { purposeOf: async () => 'incident', replacementsSince: async () => replacedBefore },
    planFor: async () => null,
    clock: { now: () => new Date(0) },
    policyFor: async () => ({ lockFirst: false, recovery: { ...DEFAULT_RECOVERY, ...policy } }),
  } as unknown as ResponseDependencies;
  const { way, readOnly } = (await decide.run(incident, {}, deps)).data;
  return { way, readOnly };
}

test('the way is as policy wants it, until the container was replaced too often', async () => {
  const policy = { readOnlyAfter: 2, offlineAfter: 4 };
  expect(await decided({ ...policy, order: 'start-first' }, 0)).toEqual({
    way: 'start-first',
    readOnly: false,
  });
  expect(await decided({ ...policy, order: 'start-first' }, 2)).toEqual({
    way: 'start-first',
    readOnly: true,
  });
  expect(await decided(policy, 4)).toMatchObject({ way: 'offline' });
  await expect(decided({ ...policy, replacementsPerHour: 5 }, 5)).rejects.toMatchObject({ code: 'E_BUDGET' });
});

test('a standby that can write to its root takes no place that is to be read-only', async () => {
  expect(await decided({ standby: 'warm' }, 1)).toEqual({ way: 'standby', readOnly: false });
  expect(await decided({ standby: 'warm' }, 2)).toEqual({ way: 'freeze', readOnly: true });
});
