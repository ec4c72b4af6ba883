import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryState } from '../../test/support/guard.ts';
import { planOf, readOnlyWith } from '../../test/support/hardening-plans.ts';
import { listPlans, loadPlan, provenPlanFor, savePlan } from './plans.ts';

const container = { id: 'c1', name: 'web', image: 'nginx', imageId: 'sha256:1' };
const planAt = (createdAt: string, options: { proven?: boolean; name?: string } = {}) => {
  const { name = 'web', ...rest } = options;
  return planOf({ ...container, name }, readOnlyWith([]), { createdAt, ...rest });
};

test('a plan is found again by its id and, the newest one, by its container', async () => {
  using state = temporaryState();
  const [older, newer] = [planAt('2026-01-01T00:00:00Z'), planAt('2026-01-02T00:00:00Z', { proven: false })];
  for (const plan of [newer, older]) await savePlan(state.path, plan);
  expect(await loadPlan(state.path, older.id)).toEqual(older);
  expect(await loadPlan(state.path, 'web')).toEqual(newer);
  expect(await loadPlan(state.path, 'c1')).toEqual(newer);
  expect((await listPlans(state.path)).map(({ id }) => id)).toEqual([newer.id, older.id]);
  const file = join(state.path, 'plans', `${older.id}.json`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(state.path, 'plans')).mode & 0o777).toBe(0o700);
});

test('only what was proven, with the image and the name, is taken after a compromise', async () => {
  using state = temporaryState();
  const proven = planAt('2026-01-01T00:00:00Z');
  const others = [
    planAt('2026-01-02T00:00:00Z', { proven: false }),
    planAt('2026-01-03T00:00:00Z', { name: 'api' }),
  ];
  for (const plan of [proven, ...others]) await savePlan(state.path, plan);
  writeFileSync(join(state.path, 'plans', 'plan-9-damaged.json'), '{');
  expect(await provenPlanFor(state.path, container)).toEqual(proven);
  expect(await provenPlanFor(state.path, { ...container, imageId: 'sha256:2' })).toBeNull();
});

test('what is not there, or is damaged, is told with what to do', async () => {
  using state = temporaryState();
  await expect(loadPlan(state.path, 'web')).rejects.toMatchObject({ code: 'E_NO_SUCH_PLAN' });
  const plan = planAt('2026-01-01T00:00:00Z');
  await savePlan(state.path, plan);
  await expect(loadPlan(state.path, 'wob')).rejects.toMatchObject({
    code: 'E_NO_SUCH_PLAN',
    next: expect.stringContaining('web'),
  });
  await expect(loadPlan(state.path, '../../etc/passwd')).rejects.toMatchObject({ code: 'E_NO_SUCH_PLAN' });
  const file = join(state.path, 'plans', `${plan.id}.json`);
  const whole = readFileSync(file, 'utf8');
  for (const text of [whole.slice(0, 100), whole.replace('readOnlyRoot', 'readOnlyRoof')]) {
    writeFileSync(file, text);
    await expect(loadPlan(state.path, plan.id)).rejects.toMatchObject({
      code: 'E_STATE',
      message: expect.stringContaining(file),
      next: expect.stringContaining('pristine harden'),
    });
  }
});
