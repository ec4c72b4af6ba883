import { expect, test } from 'vitest';
import type { Incident } from '../../contract/index.ts';
import type { Locking, ResponseDependencies } from '../port.ts';
import type { Progress } from '../progress.ts';
import { lock } from './suspect.ts';

const incident = { container: { id: 'c', name: 'web', image: 'i' } } as Incident;
const frozen = { freeze: { frozen: { wasPaused: false, networks: [] } } } as unknown as Progress;
const startFirst = { decide: { way: 'start-first' } } as Progress;

function dependencies(locking?: Locking): ResponseDependencies {
  return { locking } as ResponseDependencies;
}

test('a lock comes first, where policy asks for it and nothing is frozen yet', async () => {
  const wanted = dependencies({ isWanted: async () => true, lock: async () => 'read-only' });
  expect(await lock.isWanted?.(incident, {}, wanted)).toBe(true);
  expect(await lock.isWanted?.(incident, frozen, wanted)).toBe(false);
  expect(await lock.isWanted?.(incident, {}, dependencies())).toBe(false);
  expect((await lock.run(incident, {}, wanted)).text).toBe('read-only');
});

test('a suspect that goes on serving is locked, whether policy asks for it or not', async () => {
  const unwanted = dependencies({ isWanted: async () => false, lock: async () => 'read-only' });
  expect(await lock.isWanted?.(incident, startFirst, unwanted)).toBe(true);
  expect(await lock.isWanted?.(incident, {}, unwanted)).toBe(false);
});

test('a lock that fails is told and stops nothing', async () => {
  const failing = dependencies({
    isWanted: () => Promise.reject(new Error('no such container')),
    lock: () => Promise.reject(new Error('it has ended meanwhile')),
  });
  expect(await lock.isWanted?.(incident, {}, failing)).toBe(false);
  expect((await lock.run(incident, {}, failing)).text).toBe(
    'it could not be made read-only: it has ended meanwhile',
  );
});
