import { expect, test } from 'vitest';
import { growth } from './growth.ts';
import { soak } from './soak.ts';

test('containers that start and die leave nothing behind in the guard', async () => {
  const report = await soak({ seconds: 70, sampleEverySeconds: 2, startEveryMs: 1000 });
  expect(report.wrong.filter((event) => event.includes('"problem"'))).toEqual([]);
  expect(growth(report)).toEqual([]);
  expect(report.tried).toBeGreaterThan(200);
  expect(report.ranAfter).toBe(0);
  // One that is made and started in one breath may begin before a guard on a busy machine has heard of it.
  console.error(
    `soak: of ${report.tried} tries ${report.ranBefore} ran before the guard knew of the container`,
  );
  expect(report.events.denied).toBeGreaterThan(100);
}, 180_000);
