/** The whole demo as its user runs it, with the real guard. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../src/host/index.ts';
import { packageRoot } from '../../src/kernel/index.ts';
import { dockerWith } from '../docker.ts';
import { whatCarries } from '../system/remove-all.ts';
import type { DemoReport } from './report.ts';

test('tells the story with every step as it must be, and leaves nothing', { timeout: 400_000 }, async () => {
  const result = await run(join(packageRoot, 'bin/pristine'), ['demo', '--json']);
  expect(result.stderr).toContain('nothing is left behind but the images');
  const report: DemoReport = JSON.parse(result.stdout);
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect({ code: result.code, ok: report.ok, leftBehind: report.leftBehind }).toEqual({
    ...{ code: 0, ok: true, leftBehind: [] },
  });

  const [attack] = report.guarded;
  expect(new Set(report.unguarded.map(({ outcome }) => outcome))).toEqual(new Set(['worked']));
  expect(attack?.steps[0]).toMatchObject({ id: 'execute', outcome: 'worked' });
  expect(attack?.findings.map(({ path }) => path)).toContain('/var/www/html/index.html');
  expect(attack?.hostname.after).not.toBe(attack?.hostname.before);
  expect(attack?.measures).toMatchObject({
    writeToFindingByGuard: expect.any(Number),
    writeToFindingByFileTime: expect.any(Number),
    writeToHealed: expect.any(Number),
    foothold: expect.any(Number),
  });

  expect(report.aftermath.page.content).toBe(report.pristine.page.content);
  expect(report.aftermath.database).toEqual(report.pristine.database);
  expect(report.aftermath).toMatchObject({ shellStatus: 404, verified: [{ ok: true }] });
  expect(report.aftermath.contentDiffs[0]?.text).toContain('+HACKED BY');

  const readOnly = Object.fromEntries(report.readOnly.steps.map(({ id, outcome }) => [id, outcome]));
  expect(readOnly).toMatchObject({
    execute: 'worked',
    deface: 'refused',
    download: 'refused',
    use: 'refused',
  });
  expect(report.readOnly.refusals[0]).toBe('sh: 1: cannot create index.html: Read-only file system');
  expect(await whatCarries(dockerWith({}), `pristine.demo=${report.run}`)).toEqual([]);
});
