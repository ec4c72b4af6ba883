/** The read-only compiler end to end, by the command line: learn, plan, prove, emit, run. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hardeningPlanSchema, plannedVolumeName } from '../src/contract/index.ts';
import { run } from '../src/host/index.ts';
import { packageRoot } from '../src/kernel/index.ts';
import { docker, startContainer } from './support/engine.ts';
import { temporaryState } from './support/guard.ts';

const PRISTINE = join(packageRoot, 'bin/pristine');

/** Keeps a pid in /run and a number that must last in /srv, serves both, and counts each request in /var/log. */
const APP = `
  mkdir -p /srv/app /run /tmp; echo $$ > /run/app.pid
  [ -e /srv/app/state ] || echo new > /srv/app/state
  httpd -p 8080 -h /srv/app; trap 'rm /run/app.pid; exit 0' TERM
  while :; do echo tick >> /var/log-app; sleep 0.2; done`;

const WORKLOAD = `
  set -e
  get() { wget -qO- http://$PRISTINE_PORT_8080/state; }
  if [ "$PRISTINE_ROUND" = 1 ]; then
    [ "$(get)" = new ]
    docker exec "$PRISTINE_CONTAINER" sh -c 'echo kept > /srv/app/state'
  fi
  [ "$(get)" = kept ]`;

/** A copy runs a dozen times. */
const LONG_MS = 180_000;

test('a container is learnt from, hardened, proven, and runs as emitted', { timeout: LONG_MS }, async () => {
  using state = temporaryState();
  await using live = await startContainer({ command: ['sh', '-c', APP.replace('/var/log-app', '/tmp/log')] });
  const workload = join(state.path, 'workload');
  writeFileSync(workload, WORKLOAD);
  const env = { ...process.env, PRISTINE_STATE: state.path };
  const given = ['harden', live.name, '--workload', `sh ${workload}`];
  const hardened = await run(PRISTINE, [...given, '--json', '--emit', 'run'], { env });
  expect(hardened).toMatchObject({ code: 0 });
  const { emitted, ...printed } = JSON.parse(hardened.stdout);
  const plan = hardeningPlanSchema.parse(printed);
  const { configuration, proof } = plan;
  expect(proof).toMatchObject({ proven: true, failures: [] });
  expect(configuration).toMatchObject({ readOnlyRoot: true, noNewPrivileges: true, capabilities: [] });
  const kinds = Object.fromEntries(configuration.mounts.map(({ path, kind }) => [path, kind]));
  expect(kinds).toMatchObject({ '/run': 'tmpfs', '/tmp': 'tmpfs' });
  const lasting = configuration.mounts.filter(({ kind }) => kind === 'volume').map(({ path }) => path);
  expect(lasting.every((path) => path.startsWith('/srv'))).toBe(true);
  expect(lasting).not.toEqual([]);
  expect(JSON.stringify(configuration.mounts)).toMatch(/sh \(pid 1\) wrote \/run\/app\.pid/);
  // The live one was left alone, and nothing of the copies is left.
  expect(await live.sh('cat /srv/app/state')).toBe('new');
  expect(await docker('ps', '-aq', '--filter', `label=pristine.copies-of=${live.id}`)).toBe('');

  await docker('rm', '-f', live.id);
  try {
    expect(await run('sh', ['-c', emitted], { env })).toMatchObject({ code: 0 });
    const inside = (script: string) => docker('exec', live.name, 'sh', '-c', script);
    expect(await inside('touch /x 2>&1 || true')).toContain('Read-only file system');
    expect(await inside('cat /srv/app/state; test -s /run/app.pid && echo runs')).toBe('new\nruns');
  } finally {
    await docker('rm', '-fv', live.name);
    for (const path of lasting) await docker('volume', 'rm', plannedVolumeName(live.name, path));
  }
});

test('a plan that cannot be proven is marked so, and neither emitted nor applied', async () => {
  using state = temporaryState();
  await using live = await startContainer();
  const env = { ...process.env, PRISTINE_STATE: state.path };
  const given = ['harden', live.name, '--workload', 'echo no good >&2; exit 1'];
  const emitted = await run(PRISTINE, [...given, '--emit', 'run'], { env });
  expect(emitted).toMatchObject({ code: 1, stdout: '' });
  expect(emitted.stderr).toMatch(/E_UNPROVEN|not proven/);
  const shown = await run(PRISTINE, given, { env });
  expect(shown.code).toBe(1);
  expect(shown.stdout).toContain('NOT PROVEN');
  expect(shown.stdout).toContain('no good');
});
