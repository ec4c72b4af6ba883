import { expect, test } from 'vitest';
import { growth } from './growth.ts';
import { soak } from './soak.ts';

test('containers that start and die leave nothing behind in the guard', async () => {
  const report = await soak({ seconds: 70, sampleEverySeconds: 2, startEveryMs: 1000 });
  expect(report.wrong).toEqual([]);
  expect(growth(report)).toEqual([]);
  expect(report.tried).toBeGreaterThan(200);
  expect(report.ran).toBe(0);
  expect(report.events.denied).toBeGreaterThan(100);
}, 180_000);
