import { expect, test } from 'vitest';
import { startContainer } from '../../../test/support/engine.ts';
import { watchTarget } from '../../../test/support/watch-target.ts';
import { CHANGE_BYTES, ScanBudget } from './budget.ts';
import { collect } from './collect.ts';
import { Hasher } from './hash.ts';
import { openLayers } from './layers.ts';
import { Pacer } from './pacer.ts';

test.each([
  ['changes', new ScanBudget(100, 1e9)],
  ['bytes', new ScanBudget(1e9, 100 * (CHANGE_BYTES + '/many/100'.length))],
])('a scan ends when its %s are spent, and says so', async (_, budget) => {
  await using container = await startContainer();
  await container.sh('mkdir /many; for i in $(seq 1000); do : > /many/$i; done');
  using layers = openLayers(await watchTarget(container.id));
  const pacer = new Pacer();
  const looking = {
    prefix: layers.container.prefix,
    hasher: new Hasher({ hash: false, maxHashBytes: 0 }, pacer),
    pacer,
    origins: false,
    attributes: true,
  };
  const { found, omissions } = await collect(layers, looking, budget);
  expect(found.length).toBeGreaterThanOrEqual(95);
  expect(found.length).toBeLessThanOrEqual(105);
  expect(omissions).toEqual([expect.stringContaining(`after ${found.length} changes`)]);
});
