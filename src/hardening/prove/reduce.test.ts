import { expect, test } from 'vitest';
import type { Observation } from '../../contract/index.ts';
import { joinObservations } from '../observe/index.ts';
import { reducePrivileges } from './reduce.ts';
import { type Known, ORIGINAL_PRIVILEGES, type State } from './state.ts';

const DEFAULT = ['CHOWN', 'DAC_OVERRIDE', 'SETGID', 'SETUID', 'NET_BIND_SERVICE', 'KILL'];

const ROOT_AND_WORKER: Observation['processes'] = [
  { command: 'server', uid: 0, gid: 0, groups: [0], first: true },
  { command: 'worker', uid: 33, gid: 33, groups: [4, 33], first: false },
];

function drafted(known: Known): State {
  const configuration = { readOnlyRoot: true, mounts: [], ...ORIGINAL_PRIVILEGES };
  return { ...known, draft: { configuration, reasons: {}, remarks: [] } };
}

/** Reduces the privileges of a container that works with what `needs` says. */
async function reduce(observation: Partial<Observation>, needs: (tried: State) => string[]) {
  const tries: string[] = [];
  const known = {
    observation: { ...joinObservations([]), ...observation },
    persist: [],
    privileges: 'original',
    wide: false,
  } as const;
  const { state, remarks } = await reducePrivileges(drafted(known), {
    capabilities: DEFAULT,
    draft: async (given) => drafted(given),
    works: async (tried, title) => {
      tries.push(title);
      return needs(tried);
    },
  });
  return { privileges: state.privileges, remarks, tries };
}

const capabilities = ({ privileges }: State) =>
  privileges === 'original' ? DEFAULT : (privileges.capabilities ?? []);

test('the user of the workers is tried first, without any capability', async () => {
  const { privileges, tries } = await reduce({ processes: ROOT_AND_WORKER }, () => []);
  expect(privileges).toEqual({ user: { uid: 33, gid: 33, groups: [4] }, capabilities: [] });
  expect(tries).toEqual(['as user 33:33, without capabilities']);
});

test('where that does not work, as few capabilities as possible are kept, of those that were used', async () => {
  const { privileges, remarks, tries } = await reduce(
    { processes: ROOT_AND_WORKER, capabilitiesUsed: ['KILL', 'SETUID', 'SETGID', 'SYS_ADMIN'] },
    (tried) => {
      if (tried.privileges !== 'original' && tried.privileges.user !== null) return ['it wants to be root'];
      return ['SETGID', 'SETUID'].every((name) => capabilities(tried).includes(name)) ? [] : ['no'];
    },
  );
  expect(privileges).toEqual({ user: null, capabilities: ['SETGID', 'SETUID'] });
  expect(remarks).toEqual(['It does not work as the user of its workers, 33:33: it wants to be root']);
  expect(tries.length).toBeLessThan(8);
});

test('one that was used without the kernel telling is found among all that it has', async () => {
  const { privileges } = await reduce({ capabilitiesUsed: [] }, (tried) =>
    capabilities(tried).includes('CHOWN') ? [] : ['no'],
  );
  expect(privileges).toEqual({ user: null, capabilities: ['CHOWN'] });
});

test('workers of two users, and a first process that is not root, are left what they are', async () => {
  const [first, worker] = ROOT_AND_WORKER as [Observation['processes'][0], Observation['processes'][0]];
  for (const processes of [
    [first, worker, { ...worker, uid: 34 }],
    [{ ...first, uid: 7 }, worker],
  ]) {
    const { privileges } = await reduce({ processes }, () => []);
    expect(privileges).toEqual({ user: null, capabilities: [] });
  }
});

test('what does not work with less at all keeps its privileges, and it is said why', async () => {
  const { privileges, remarks } = await reduce({}, () => ['a setuid program fails']);
  expect(privileges).toBe('original');
  expect(remarks).toEqual(['It needs the privileges that it has: a setuid program fails']);
});
