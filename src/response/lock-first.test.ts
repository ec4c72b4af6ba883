import { expect, test } from 'vitest';
import type { Incident } from '../contract/index.ts';
import type { LockFirst, ResponseDependencies } from './port.ts';
import { type Progress, STEPS } from './steps.ts';

const incident = { container: { id: 'c', name: 'web', image: 'i' } } as Incident;
const step = STEPS[0];
const frozen: Progress = { freeze: { frozen: { wasPaused: false, networks: [] } } };

function dependencies(lockFirst?: LockFirst): ResponseDependencies {
  return { lockFirst } as ResponseDependencies;
}

test('a lock comes first, where policy asks for it and nothing is frozen yet', async () => {
  const wanted = dependencies({ isWanted: async () => true, lock: async () => 'read-only' });
  expect(step?.name).toBe('lock');
  expect(await step?.isWanted?.(incident, {}, wanted)).toBe(true);
  expect(await step?.isWanted?.(incident, frozen, wanted)).toBe(false);
  expect(await step?.isWanted?.(incident, {}, dependencies())).toBe(false);
  expect((await step?.run(incident, {}, wanted))?.text).toBe('read-only');
});

test('a lock that fails is told and stops nothing', async () => {
  const failing = dependencies({
    isWanted: () => Promise.reject(new Error('no such container')),
    lock: () => Promise.reject(new Error('it has ended meanwhile')),
  });
  expect(await step?.isWanted?.(incident, {}, failing)).toBe(false);
  expect((await step?.run(incident, {}, failing))?.text).toBe(
    'it could not be made read-only: it has ended meanwhile',
  );
});
