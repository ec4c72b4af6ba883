/** The guard as its users have it: a process beside a real engine. */
import { describe, expect, test } from 'vitest';
import type { Drift, Incident, VerifyReport } from '../src/contract/index.ts';
import { run } from '../src/host/index.ts';
import { packageRoot } from '../src/kernel/index.ts';
import { docker, startContainer, testLabel } from './support/engine.ts';
import { startEngineProxy } from './support/engine-proxy.ts';
import { pristineJson, RunningGuard, smallDisk, temporaryState } from './support/guard.ts';

const WEB_SHELL = `mkdir -p /var/www/html && echo '<?php system($_GET["c"]);' > /var/www/html/s.php`;

describe('guard --mode heal', () => {
  test('keeps evidence of a web shell and puts a pristine container in place', async () => {
    using state = temporaryState();
    await using suspect = await startContainer({
      options: [
        ...['--network', 'bridge', '-p', '127.0.0.1::80', '-e', 'COLOUR=blue', '-v', '/data'],
        ...['--restart', 'unless-stopped', '--hostname', 'front'],
      ],
    });
    await suspect.sh('echo kept > /data/row');
    await using guard = new RunningGuard(state.path, [suspect.name, '--mode', 'heal']);
    await guard.waitFor('ready');
    await suspect.sh(WEB_SHELL);

    const incident = await guard.healed();
    expect(incident.findings.map(({ rule }) => rule)).toContain('php-web-shell');
    expect(incident.replacement?.name).toBe(suspect.name);
    expect(await docker('inspect', '-f', '{{.Id}}', suspect.name)).toBe(incident.replacement?.id);
    await expect(docker('inspect', suspect.id)).rejects.toThrow(/no such/i);
    expect(await docker('exec', suspect.name, 'sh', '-c', 'cat /data/row; hostname; echo $COLOUR')).toBe(
      'kept\nfront\nblue',
    );
    await expect(docker('exec', suspect.name, 'cat', '/var/www/html/s.php')).rejects.toThrow(/no such file/i);

    const [bundle] = incident.bundles;
    const report = await pristineJson<VerifyReport>(state.path, 'evidence', 'verify', bundle ?? '');
    expect(report).toMatchObject({ ok: true, problems: [] });
    // The incident's id will do for its evidence.
    expect(await pristineJson(state.path, 'evidence', 'verify', incident.id)).toMatchObject({
      bundle,
      ok: true,
    });
    const { drift } = await pristineJson<{ drift: Drift }>(state.path, 'diff', incident.id);
    expect(drift).toMatchObject({ source: 'bundle', container: { id: suspect.id } });
    expect(await pristineJson<Incident[]>(state.path, 'incidents')).toMatchObject([
      { id: incident.id, state: 'healed', bundles: [bundle], replacement: incident.replacement },
    ]);

    // The replacement is guarded as its predecessor was.
    await docker('exec', suspect.name, 'sh', '-c', WEB_SHELL);
    const second = await guard.waitFor(
      'incident',
      ({ incident: { id, state: ended } }) => id !== incident.id && ended === 'healed',
    );
    expect(second.incident.container.id).toBe(incident.replacement?.id);
    expect(await guard.stop()).toBe(0);
    await docker('rm', '-f', '-v', suspect.name);
  });

  test('goes on after it was killed in the middle, and does nothing twice', async () => {
    using state = temporaryState();
    await using suspect = await startContainer();
    const args = [suspect.name, '--mode', 'heal'];
    {
      await using killed = new RunningGuard(state.path, args);
      await killed.waitFor('ready');
      await suspect.sh(WEB_SHELL);
      await killed.waitFor('step', ({ step, phase }) => step === 'replace' && phase === 'intent');
      await killed.stop('SIGKILL');
    }
    await using guard = new RunningGuard(state.path, args);
    const incident = await guard.healed();
    expect(incident.bundles).toHaveLength(1);
    expect(await docker('inspect', '-f', '{{.Id}} {{.State.Status}}', suspect.name)).toBe(
      `${incident.replacement?.id} running`,
    );
    const label = ['--filter', `label=${testLabel()}`, '--filter', `name=${suspect.name}`];
    expect((await docker('ps', '-a', '-q', ...label)).split('\n')).toHaveLength(1);
    expect(await guard.stop()).toBe(0);
    await docker('rm', '-f', suspect.name);
  });
});

test('others are watched while a response that was begun before is slow', async () => {
  using state = temporaryState();
  const health = ['--health-cmd', 'test -e /tmp/ready', '--health-interval', '60s'];
  await using suspect = await startContainer({ options: health });
  await using other = await startContainer();
  {
    await using killed = new RunningGuard(state.path, [suspect.name, '--mode', 'heal']);
    await killed.waitFor('ready');
    await suspect.sh(WEB_SHELL);
    await killed.waitFor('step', ({ step, phase }) => step === 'health' && phase === 'intent');
    await killed.stop('SIGKILL');
  }
  await using guard = new RunningGuard(state.path, [other.name, '--mode', 'heal']);
  await guard.waitFor('watching', ({ container }) => container.id === other.id, { withinMs: 40_000 });
  await guard.stop('SIGKILL');
  await docker('rm', '-f', suspect.name);
}, 120_000);

test('an interrupt lets the response come to its end, and is no problem', async () => {
  using state = temporaryState();
  await using suspect = await startContainer();
  await using guard = new RunningGuard(state.path, [suspect.name, '--mode', 'heal']);
  await guard.waitFor('ready');
  await suspect.sh(WEB_SHELL);
  await guard.waitFor('step', ({ step, phase }) => step === 'health' && phase === 'intent');
  expect(await guard.stop('SIGINT')).toBe(0);
  expect(guard.events.filter(({ type }) => type === 'problem')).toEqual([]);
  expect(await pristineJson<Incident[]>(state.path, 'incidents')).toMatchObject([{ state: 'healed' }]);
  await docker('rm', '-f', suspect.name);
});

describe('guard --mode watch', () => {
  test('names the process of a change, and leaves the container as it is', async () => {
    using state = temporaryState();
    await using suspect = await startContainer();
    await using bystander = await startContainer();
    await using guard = new RunningGuard(state.path, [suspect.name]);
    await guard.waitFor('ready');
    await bystander.sh(WEB_SHELL);
    // It lives long enough to be looked at for certain; how often shorter ones are is the sensor's own test.
    await suspect.sh(`${WEB_SHELL}; sleep 0.5; :`);

    const { finding, latencyMs } = await guard.waitFor(
      'finding',
      (event) => event.finding.rule === 'php-web-shell',
    );
    expect(finding.path).toBe('/var/www/html/s.php');
    expect(finding.process).toMatchObject({ uid: 0, exe: '/bin/busybox' });
    expect(finding.process?.commandLine?.join(' ')).toContain('s.php');
    expect(latencyMs).toBeGreaterThan(0);
    expect(await guard.stop('SIGINT')).toBe(0);

    expect(await suspect.sh('cat /var/www/html/s.php')).toContain('system');
    const containers = guard.events.flatMap((event) =>
      event.type === 'finding' ? [event.container.id] : [],
    );
    expect(new Set(containers)).toEqual(new Set([suspect.id]));
    const incidents = await pristineJson<Incident[]>(state.path, 'incidents');
    expect(incidents).toMatchObject([{ state: 'open', endedAt: null, replacement: null, mode: 'watch' }]);
  });

  test('finds what was there before it started, and what comes after a restart', async () => {
    using state = temporaryState();
    await using suspect = await startContainer();
    await suspect.sh(WEB_SHELL);
    await using guard = new RunningGuard(state.path, [suspect.name]);
    await guard.waitFor('finding', ({ finding }) => finding.rule === 'php-web-shell');
    await docker('restart', '-t', '0', suspect.id);
    await suspect.sh('cp /bin/busybox /usr/bin/dropped');
    await guard.waitFor('finding', ({ finding }) => finding.path === '/usr/bin/dropped');
    // Nobody tells of the files in a directory that moves.
    await suspect.sh('mkdir -p /tmp/d/e && cp /bin/busybox /tmp/d/e/x && mv /tmp/d /opt');
    await guard.waitFor(
      'finding',
      ({ finding }) => finding.path === '/opt/e/x' || finding.path === '/opt/d/e/x',
    );
    await docker('rm', '-f', suspect.id);
    const { incident } = await guard.waitFor('incident', (event) => event.incident.state === 'closed');
    expect(incident.endedAt).not.toBeNull();
  });

  test('takes the containers that carry a label, and those that start later', async () => {
    using state = temporaryState();
    await using mislabelled = await startContainer({
      options: ['--label', 'pristine.mode=watch', '--label', 'pristine.alow=/x'],
    });
    // By flag, so that this can do nothing to containers of others on this engine.
    await using guard = new RunningGuard(state.path, ['--mode', 'watch']);
    const problem = await guard.waitFor('problem', ({ message }) => message.includes(mislabelled.name));
    expect(problem).toMatchObject({
      code: 'E_CONFIG_INVALID',
      message: expect.stringContaining('pristine.allow'),
    });
    await guard.waitFor('ready');
    await using late = await startContainer({ options: ['--label', 'pristine.mode=watch'] });
    const { container } = await guard.waitFor('watching', (event) => event.container.id === late.id);
    expect(container.name).toBe(late.name);
    await late.sh(WEB_SHELL);
    await guard.waitFor('finding', (event) => event.container.id === late.id);
  });
});

describe('when something goes wrong', () => {
  test('the guard outlives the engine’s absence, and makes it good', async () => {
    using state = temporaryState();
    await using proxy = await startEngineProxy();
    await using suspect = await startContainer();
    await using guard = new RunningGuard(state.path, [suspect.name], { DOCKER_HOST: proxy.dockerHost });
    await guard.waitFor('ready');
    await proxy.cut();
    expect(await guard.waitFor('problem')).toMatchObject({ code: 'E_ENGINE_GONE' });
    // Changes are seen all the same: the kernel tells of them.
    await suspect.sh('cp /bin/busybox /usr/bin/dropped');
    await guard.waitFor('finding', ({ finding }) => finding.path === '/usr/bin/dropped');
    await proxy.restore();
    await guard.waitFor('gap', ({ rescanned }) => rescanned);
    expect(await guard.stop()).toBe(0);
  });

  test('a response that failed is tried again until it succeeds', async () => {
    using state = temporaryState();
    // Once while the suspect is being frozen, when nobody minds, and once afterwards.
    let refusals = 2;
    await using proxy = await startEngineProxy((method, path) =>
      method === 'POST' && path.includes('/containers/create') && refusals-- > 0 ? 'not today' : null,
    );
    await using suspect = await startContainer();
    await using guard = new RunningGuard(state.path, [suspect.name, '--mode', 'heal'], {
      DOCKER_HOST: proxy.dockerHost,
    });
    await guard.waitFor('ready');
    await suspect.sh(WEB_SHELL);
    const failed = await guard.waitFor('step', ({ phase }) => phase === 'failed');
    expect(failed).toMatchObject({ step: 'replace' });
    // Nothing is lost meanwhile: the suspect has its name, frozen, and the evidence is sealed.
    expect(await docker('inspect', '-f', '{{.State.Status}}', suspect.name)).toBe('paused');
    const incident = await guard.healed();
    expect(incident.bundles).toHaveLength(1);
    expect(await guard.stop()).toBe(0);
    await docker('rm', '-f', suspect.name);
  });

  test('a full disk destroys nothing, and the response ends well once there is room', async () => {
    using disk = smallDisk('6m');
    await using suspect = await startContainer();
    await using guard = new RunningGuard(disk.path, [suspect.name, '--mode', 'heal']);
    await guard.waitFor('ready');
    await suspect.sh(`head -c 20000000 /dev/urandom > /tmp/filler; ${WEB_SHELL}`);
    expect(await guard.waitFor('problem')).toMatchObject({ code: 'E_DISK_FULL' });
    expect(await docker('inspect', '-f', '{{.State.Status}}', suspect.id)).toBe('paused');
    disk.grow('200m');
    const incident = await guard.healed();
    expect(incident.bundles).toHaveLength(1);
    await docker('rm', '-f', suspect.name);
  });

  test('a disk that somebody has filled before keeps no suspect running', async () => {
    using disk = smallDisk('40m');
    await using suspect = await startContainer();
    await using guard = new RunningGuard(disk.path, [suspect.name, '--mode', 'heal']);
    await guard.waitFor('prepared');
    await run('dd', ['if=/dev/zero', `of=${disk.path}/filler`, 'bs=4k']);
    await suspect.sh(WEB_SHELL);
    const { incident } = await guard.waitFor('incident', ({ incident: { state } }) => state === 'failed');
    expect(incident.findings.map(({ rule }) => rule)).toContain('php-web-shell');
    expect(await docker('inspect', '-f', '{{.State.Status}}', suspect.id)).toBe('paused');
    await guard.stop('SIGKILL');
  });

  test('an unknown name is an error that names the nearest one', async () => {
    using state = temporaryState();
    await using suspect = await startContainer();
    const result = await run(`${packageRoot}/bin/pristine`, ['guard', `${suspect.name}x`], {
      env: { PRISTINE_STATE: state.path },
    });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(suspect.name);
    expect(result.stderr).toMatch(/ {2}do: /);
  });

  test('a wrong label is an error that names the container and the nearest label', async () => {
    using state = temporaryState();
    await using suspect = await startContainer({ options: ['--label', 'pristine.mod=heal'] });
    const result = await run(`${packageRoot}/bin/pristine`, ['guard', suspect.name], {
      env: { PRISTINE_STATE: state.path },
    });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('pristine.mode');
    expect(result.stderr).toContain(suspect.name);
  });
});
