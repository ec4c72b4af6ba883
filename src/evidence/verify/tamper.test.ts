import { expect, test } from 'vitest';
import { tamper } from '../../../test/support/tamper-run.ts';

test('each of 200 random harms to a bundle, an export and the ledger is reported by name', async () => {
  expect(await tamper(200, 20261124)).toEqual([]);
});
