import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { tamper } from '../../../test/support/tamper-run.ts';

test('each of 1,000 random harms to a bundle, an export and the ledger is reported by name', async () => {
  const seed = randomInt(2 ** 32);
  console.log(`tamper seed ${seed}`);
  expect(await tamper(1000, seed), `seed ${seed}`).toEqual([]);
});
