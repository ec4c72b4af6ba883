import { expect, test } from 'vitest';
import { ProcessBudget } from './process-budget.ts';

test('gives less detail once it is spent', () => {
  const budget = new ProcessBudget(10, 100);
  expect(budget.detail).toEqual({ texts: true, mostDescriptors: 10 });
  budget.spend(7, 99);
  expect(budget.detail).toEqual({ texts: true, mostDescriptors: 3 });
  expect(budget.isSpent).toBe(false);
  budget.spend(7, 99);
  expect(budget.detail).toEqual({ texts: false, mostDescriptors: 0 });
  expect(budget.isSpent).toBe(true);
});
