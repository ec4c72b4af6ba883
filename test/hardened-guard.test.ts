/** What the guard knows of plans: writes that hardened containers are refused, and how it makes others read-only. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { savePlan } from '../src/app/plans.ts';
import type { Incident } from '../src/contract/index.ts';
import { run } from '../src/host/index.ts';
import { docker, startContainer } from './support/engine.ts';
import { RunningGuard, temporaryState } from './support/guard.ts';
import { plannedMount, planOf, readOnlyWith } from './support/hardening-plans.ts';

const WEB_SHELL = `mkdir -p /var/www/html && echo '<?php system($_GET["c"]);' > /var/www/html/s.php`;

test('a refused write is told once, with what to run, and by name beside others', async () => {
  using state = temporaryState();
  await using container = await startContainer({
    options: ['--read-only', '--label', 'pristine.plan=plan-1', '--tmpfs', '/run'],
    command: [
      'sh',
      '-c',
      'trap exit TERM; while :; do [ ! -e /run/go ] || { mkdir /spool; touch /spool.lock; }; sleep 0.2; done',
    ],
  });
  await using guard = new RunningGuard(state.path, [container.name]);
  await guard.waitFor('ready');
  await container.sh('touch /run/go');
  const told = await guard.waitFor('refused-write', ({ write }) => write.path === '/spool.lock');
  expect(told).toMatchObject({
    container: { id: container.id, name: container.name },
    plan: 'plan-1',
    next: `pristine harden ${container.name} --amend`,
  });
  await container.sh('sleep 2; rm /run/go');
  expect(await guard.stop()).toBe(0);
  const all = guard.events.filter((event) => event.type === 'refused-write');
  expect(all.map(({ write }) => write.path).sort()).toEqual(['/spool', '/spool.lock']);
  // It is remembered: another guard does not tell it again.
  await using second = new RunningGuard(state.path, [container.name]);
  await second.waitFor('ready');
  await container.sh('touch /run/go; sleep 2');
  await second.stop();
  expect(second.events.filter((event) => event.type === 'refused-write')).toEqual([]);
});

test('who is compromised again becomes read-only as the newest proven plan has it', async () => {
  using state = temporaryState();
  const config = join(state.path, 'pristine.yaml');
  writeFileSync(config, 'version: 1\ndefaults: { recovery: { readOnlyAfter: 1, keepSuspect: "0" } }\n');
  await using suspect = await startContainer();
  const [imageId = '', image = ''] = (
    await docker('inspect', '-f', '{{.Image}} {{.Config.Image}}', suspect.id)
  ).split(' ');
  const reference = { id: suspect.id, name: suspect.name, image, imageId };
  const plan = planOf(reference, readOnlyWith([plannedMount('/planned', 'tmpfs')]));
  await savePlan(state.path, plan);
  const later = { createdAt: new Date(Date.now() + 60_000).toISOString() };
  await savePlan(state.path, planOf(reference, readOnlyWith([]), { ...later, proven: false }));
  await savePlan(state.path, planOf({ ...reference, imageId: 'sha256:other' }, readOnlyWith([]), later));
  await using guard = new RunningGuard(state.path, ['--mode', 'heal', '--config', config, suspect.name]);
  await guard.waitFor('ready');
  try {
    await suspect.sh(WEB_SHELL);
    const first: Incident = await guard.healed();
    await docker('exec', suspect.name, 'sh', '-c', WEB_SHELL);
    const { incident } = await guard.waitFor(
      'incident',
      ({ incident: { id, state: ended } }) => id !== first.id && ended === 'healed',
    );
    expect(await docker('inspect', '-f', '{{.Id}} {{.HostConfig.ReadonlyRootfs}}', suspect.name)).toBe(
      `${incident.replacement?.id} true`,
    );
    const format =
      '{{index .Config.Labels "pristine.plan"}} {{range $path, $_ := .HostConfig.Tmpfs}}{{$path}}{{end}}';
    expect(await docker('inspect', '-f', format, suspect.name)).toBe(`${plan.id} /planned`);
    expect(await guard.stop()).toBe(0);
  } finally {
    await run('docker', ['rm', '-f', '-v', suspect.name]);
  }
});
