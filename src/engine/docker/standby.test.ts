import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker, startContainer } from '../../../test/support/engine.ts';
import { findEngine } from '../index.ts';
import type { Engine } from '../port.ts';

const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-standby-'));
let engine: Engine;

beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory });
});
afterAll(() => rmSync(stateDirectory, { recursive: true, force: true }));

test('a standby waits, is made anew when it has ended, takes the place, and is no standby then', async () => {
  await using container = await startContainer({
    options: ['--network', 'bridge', '--restart', 'always', '-p', '127.0.0.1::80'],
  });
  const port = await docker('port', container.id, '80');
  const first = await engine.ensureStandby(container.id);
  expect(first.name).toBe(`${container.name}-standby`);
  expect(await engine.ensureStandby(container.id)).toEqual(first);
  expect((await engine.inspect(first.id)).networks).toEqual(['pristine-waiting']);

  await docker('kill', first.id);
  expect(await engine.standbyOf(container.id)).toBeNull();
  const second = await engine.ensureStandby(container.id);
  expect(second.id).not.toBe(first.id);
  expect(await engine.standbyOf(container.id)).toEqual(second);

  const labels = { 'pristine.replaces': container.id };
  const request = { labels, suspectName: `${container.name}-suspect`, candidate: second.id };
  try {
    await engine.freeze(container.id);
    await engine.replacePristine(container.id, request);
    expect(await engine.inspect(container.name)).toMatchObject({ id: second.id, networks: ['bridge'] });
    expect(await docker('port', second.id, '80')).toBe(port);
    const policy = '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.NetworkMode}}';
    expect(await docker('inspect', '-f', policy, second.id)).toBe('always bridge');
    expect(await engine.standbyOf(container.id)).toBeNull();

    const third = await engine.ensureStandby(second.id);
    await engine.removeStandbys([second.id]);
    expect(await engine.standbyOf(second.id)).toEqual(third);
    await engine.removeStandbys([]);
    const left = (await engine.list()).filter(({ name }) => name.startsWith(container.name));
    expect(left.map(({ name }) => name).sort(), 'it serves and was not removed').toEqual([
      container.name,
      `${container.name}-suspect`,
    ]);
  } finally {
    await engine.withdrawReplacement(container.id, request);
  }
});

test('nothing stands by that would write to what the container writes to', async () => {
  await using container = await startContainer({ options: ['-v', '/data', '--tmpfs', '/tmp'] });
  await expect(engine.ensureStandby(container.id)).rejects.toMatchObject({
    code: 'E_REPLACE',
    message: expect.stringContaining('both would write to /data'),
  });
  expect(await engine.standbyOf(container.id)).toBeNull();
});
