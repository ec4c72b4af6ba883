import { describe, expect, test } from 'vitest';
import { DEFAULT_RECOVERY, type Incident } from '../../contract/index.ts';
import type { Locking, ResponseDependencies } from '../port.ts';
import type { Progress } from '../progress.ts';
import { freeze, lock } from './suspect.ts';

const incident = { container: { id: 'c', name: 'web', image: 'i' } } as Incident;
const frozen = { freeze: { frozen: { wasPaused: false, networks: [] } } } as unknown as Progress;
const asked = { decide: { lockFirst: true } } as Progress;

function dependencies(locking?: Locking): ResponseDependencies {
  return { locking } as ResponseDependencies;
}

test('a lock comes first, where policy asks for it and nothing is frozen yet', async () => {
  const deps = dependencies({ lock: async () => 'read-only' });
  expect(await lock.isWanted?.(incident, asked, deps)).toBe(true);
  expect(await lock.isWanted?.(incident, { ...asked, ...frozen }, deps)).toBe(false);
  expect(await lock.isWanted?.(incident, asked, dependencies())).toBe(false);
  expect(await lock.isWanted?.(incident, {}, deps)).toBe(false);
  expect((await lock.run(incident, asked, deps)).text).toBe('read-only');
});

test('a lock that fails is told and stops nothing', async () => {
  const failing = dependencies({ lock: () => Promise.reject(new Error('it has ended meanwhile')) });
  expect((await lock.run(incident, asked, failing)).text).toBe(
    'it could not be made read-only: it has ended meanwhile',
  );
});

describe('evidence comes before the replacement', () => {
  const plan = (sharedWritable: string[]) => async () => ({ sharedWritable, notPreparable: 'no' });
  const orderOf = async (order: 'auto' | 'freeze-first' | 'start-first', planReplacement: () => unknown) => {
    const engine = {
      freeze: async (_id: string, onPaused?: () => void) => {
        onPaused?.();
        return { wasPaused: false, networks: [] };
      },
      inspect: async () => ({ status: 'paused' }),
      planReplacement,
    };
    const recovery = { ...DEFAULT_RECOVERY, order };
    const progress: Progress = { decide: { way: 'freeze', readOnly: false, lockFirst: false, recovery } };
    const deps = { engine, clock: { now: () => new Date(0) } } as unknown as ResponseDependencies;
    const { data } = await freeze.run(incident, progress, deps);
    return data.order;
  };

  test('where both could write to the same, unless policy says otherwise', async () => {
    expect(await orderOf('auto', plan(['/data']))).toBe('capture-first');
    expect(await orderOf('auto', plan([]))).toBe('freeze-first');
    expect(await orderOf('freeze-first', plan(['/data']))).toBe('freeze-first');
  });

  test('also when it was to start first, and could not', async () => {
    expect(await orderOf('start-first', plan(['/data']))).toBe('capture-first');
    expect(await orderOf('start-first', plan([]))).toBe('freeze-first');
  });

  test('where nobody can say what they share', async () => {
    expect(await orderOf('auto', () => Promise.reject(new Error('timeout')))).toBe('capture-first');
  });
});
