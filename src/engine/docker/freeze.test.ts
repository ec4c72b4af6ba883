import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { docker, startContainer } from '../../../test/support/engine.ts';
import { startEngineProxy } from '../../../test/support/engine-proxy.ts';
import { smallDisk } from '../../../test/support/small-disk.ts';
import { findEngine } from '../index.ts';

const LOST_RACE = 'Cannot pause container: OCI runtime pause failed: unable to freeze: unknown';
const CRASHED_SINCE = 'Container 0123 is restarting, wait until the container is running';

async function engineThatRefusesPauses(times: number, message: string) {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-test-freeze-'));
  onTestFinished(() => rmSync(stateDirectory, { recursive: true, force: true }));
  let left = times;
  const proxy = await startEngineProxy((_method, path) =>
    path.endsWith('/pause') && left-- > 0 ? message : null,
  );
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  return findEngine({ env: { DOCKER_HOST: proxy.dockerHost }, stateDirectory });
}

const statusOf = (id: string) => docker('inspect', '-f', '{{.State.Status}}', id);

test('freeze pauses again when the freezer lost against forking processes', async () => {
  await using container = await startContainer();
  const engine = await engineThatRefusesPauses(3, LOST_RACE);
  await engine.freeze(container.id);
  expect(await statusOf(container.id)).toBe('paused');
});

test('freeze ends a container that crashed between our look and the pause', async () => {
  await using container = await startContainer({ options: ['--restart', 'always'] });
  const engine = await engineThatRefusesPauses(1, CRASHED_SINCE);
  expect(await engine.freeze(container.id)).toEqual({ wasPaused: false, networks: [] });
  expect(await statusOf(container.id)).toBe('exited');
});

test('freeze gives up on other refusals at once, and on this one after a while', async () => {
  await using container = await startContainer();
  const unwilling = await engineThatRefusesPauses(1, 'the runtime is missing');
  await expect(unwilling.freeze(container.id)).rejects.toMatchObject({ code: 'E_ENGINE_REFUSED' });
  const hopeless = await engineThatRefusesPauses(100, LOST_RACE);
  await expect(hopeless.freeze(container.id)).rejects.toMatchObject({ code: 'E_ENGINE_REFUSED' });
  expect(await statusOf(container.id)).toBe('running');
});

async function plainEngine() {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-test-freeze-'));
  onTestFinished(() => rmSync(stateDirectory, { recursive: true, force: true }));
  return findEngine({ env: process.env, stateDirectory });
}

const networksAndPolicy = async (id: string) => {
  const format = '{{json .NetworkSettings.Networks}} {{.HostConfig.RestartPolicy}}';
  return (await docker('inspect', '-f', format, id)).replace(/\{"bridge":.*\} /, '{bridge} ');
};

test('freeze leaves nothing that starts it again, and thaw gives everything back', async () => {
  await using container = await startContainer({
    options: ['--network', 'bridge', '--restart', 'on-failure:3'],
  });
  const before = await networksAndPolicy(container.id);
  const engine = await plainEngine();
  const frozen = await engine.freeze(container.id);
  expect(frozen).toEqual({ wasPaused: false, networks: ['bridge'] });
  expect(await networksAndPolicy(container.id)).toBe('{} {no 0}');
  await engine.thaw(container.id, frozen);
  expect(await networksAndPolicy(container.id)).toBe(before);
  expect(await statusOf(container.id)).toBe('running');
});

test('what somebody restarts, wakes or connects is frozen again, and what was taken first is known still', async () => {
  const options = ['--network', 'bridge', '--restart', 'always', '--stop-signal', 'SIGKILL'];
  await using container = await startContainer({ options });
  const before = await networksAndPolicy(container.id);
  const engine = await plainEngine();
  const frozen = await engine.freeze(container.id);
  for (const interfere of [
    ['restart'],
    ['unpause'],
    ['network', 'connect', 'bridge'],
    ['update', '--restart', 'always'],
  ]) {
    await docker(...interfere, container.id);
    expect(await engine.freeze(container.id), interfere.join(' ')).toEqual(frozen);
    expect(`${await statusOf(container.id)} ${await networksAndPolicy(container.id)}`).toBe(
      'paused {} {no 0}',
    );
  }
  await docker('kill', container.id);
  expect(await engine.freeze(container.id), 'ended').toEqual(frozen);
  await engine.thaw(container.id, frozen);
  expect(await networksAndPolicy(container.id)).toBe(before);
});

test('a container that never ran, or has ended, is taken off its networks, so that a start leads nowhere', async () => {
  await using container = await startContainer({ options: ['--network', 'bridge'], start: false });
  const engine = await plainEngine();
  const frozen = await engine.freeze(container.id);
  expect(frozen).toEqual({ wasPaused: false, networks: ['bridge'] });
  await docker('start', container.id);
  expect(await container.sh('ip addr')).not.toContain('eth0');
});

test('freeze pauses what it cannot note, as on a full disk, and takes nothing from it until it can', async () => {
  await using container = await startContainer({ options: ['--network', 'bridge'] });
  using disk = smallDisk('ext4', 4);
  const engine = await findEngine({ env: process.env, stateDirectory: disk.path });
  disk.leave(0);
  await expect(engine.freeze(container.id)).rejects.toMatchObject({ code: 'E_DISK_FULL' });
  expect(await statusOf(container.id)).toBe('paused');
  expect(await networksAndPolicy(container.id)).toMatch(/^\{bridge\}/);
  disk.empty();
  const frozen = await engine.freeze(container.id);
  expect(frozen).toEqual({ wasPaused: false, networks: ['bridge'] });
  await engine.thaw(container.id, frozen);
  expect(await statusOf(container.id)).toBe('running');
});
