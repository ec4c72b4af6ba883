import fc from 'fast-check';
import { expect, test } from 'vitest';
import { minimise } from './minimise.ts';

test('a smallest set is what is needed, wherever it lies', async () => {
  const sets = fc
    .uniqueArray(fc.nat(20), { minLength: 0, maxLength: 14 })
    .chain((whole) => fc.tuple(fc.constant(whole), fc.subarray(whole)));
  await fc.assert(
    fc.asyncProperty(sets, async ([whole, needed]) => {
      const works = async (subset: readonly number[]) => needed.every((one) => subset.includes(one));
      expect((await minimise(whole, works)).sort()).toEqual([...needed].sort());
    }),
  );
});

test('little is found in few tries', async () => {
  const whole = Array.from({ length: 14 }, (_, i) => i);
  let tries = 0;
  await minimise(whole, async (subset) => {
    tries++;
    return subset.includes(9);
  });
  expect(tries).toBeLessThanOrEqual(8);
});
