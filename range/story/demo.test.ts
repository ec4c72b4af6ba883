/** The whole demo as its user runs it, with the real guard. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../src/host/index.ts';
import { packageRoot } from '../../src/kernel/index.ts';
import type { AttackStep } from '../attacker/attack.ts';
import { dockerWith } from '../docker.ts';
import { whatCarries } from '../system/remove-all.ts';
import type { DemoReport } from './report.ts';

const SHELL = readFileSync(join(packageRoot, 'range/demo/attacker/shell.php'));
const SHELL_SHA256 = createHash('sha256').update(SHELL).digest('hex');

test('tells the story with every step as it must be, and leaves nothing', { timeout: 400_000 }, async () => {
  const result = await run(join(packageRoot, 'bin/pristine'), ['demo', '--json']);
  expect(result.stderr).toContain('nothing is left behind but the images');
  const report: DemoReport = JSON.parse(result.stdout);
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect({ code: result.code, ok: report.ok, leftBehind: report.leftBehind }).toEqual({
    ...{ code: 0, ok: true, leftBehind: [] },
  });

  const outcomes = (steps: readonly AttackStep[]) =>
    Object.fromEntries(steps.map(({ id, outcome }) => [id, outcome]));
  const denied = report.protected;
  expect(outcomes(denied.steps)).toEqual({
    ...{ execute: 'worked', deface: 'worked', download: 'worked', use: 'refused', drop: 'refused' },
    ...{ password: 'worked', processes: 'worked', database: 'worked' },
  });
  expect(denied.foothold).toMatchObject({ firstAnswerAt: null, goneAt: null });
  expect(denied.page).toEqual({ content: expect.stringContaining('HACKED BY'), changed: true });
  expect(denied.visitors).toMatchObject({ failed: 0 });
  const apache = { exe: '/usr/sbin/apache2' };
  // What is refused for long is told again.
  for (const [path, access, digest] of [
    ['/var/www/html/shell.php', 'interpret', SHELL_SHA256],
    ['/tmp/busybox', 'execute', expect.stringMatching(/^[0-9a-f]{64}$/)],
  ]) {
    const told = denied.denials.find((denial) => denial.path === path);
    expect(told).toMatchObject({ access, enforced: true, writer: apache, sha256: digest });
    expect(told?.reader?.exe).toBe(access === 'execute' ? '/usr/bin/dash' : apache.exe);
    expect(denied.kept).toContainEqual({ path, sha256: told?.sha256, whole: true });
  }

  const [attack] = report.guarded;
  expect(new Set(report.unguarded.map(({ outcome }) => outcome))).toEqual(new Set(['worked']));
  expect(attack?.steps[0]).toMatchObject({ id: 'execute', outcome: 'worked' });
  expect(attack?.foothold.firstAnswerAt).toBeNull();
  for (const id of ['use', 'drop']) expect(outcomes(attack?.steps ?? [])[id]).toMatch(/^(refused|cut off)$/);
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

  expect(outcomes(report.readOnly.steps)).toMatchObject({
    execute: 'worked',
    deface: 'refused',
    download: 'refused',
    use: 'refused',
    drop: 'refused',
  });
  expect(report.readOnly.refusals[0]).toBe('sh: 1: cannot create index.html: Read-only file system');
  expect(await whatCarries(dockerWith({}), `pristine.demo=${report.run}`)).toEqual([]);
});
