import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker, startContainer } from '../../../test/support/engine.ts';
import { findEngine } from '../index.ts';
import type { Engine } from '../port.ts';

const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-stop-'));
let engine: Engine;

beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory });
});
afterAll(() => rmSync(stateDirectory, { recursive: true, force: true }));

const state = (id: string) =>
  docker('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}} {{.HostConfig.RestartPolicy.Name}}', id);

test('a paused container is killed, never to come back; a graceful stop asks, and can be taken back', async () => {
  const options = ['--restart', 'always', '--network', 'bridge'];
  await using container = await startContainer({
    options,
    command: ['sh', '-c', 'trap "exit 7" TERM; while :; do sleep 0.1; done'],
  });
  await engine.stop(container.id, 'graceful');
  expect(await state(container.id)).toBe('exited 7 no');
  await engine.stop(container.id, 'graceful');
  await engine.start(container.id);
  await engine.start(container.id);
  expect(await state(container.id)).toBe('running 0 always');

  const frozen = await engine.freeze(container.id);
  await engine.stop(container.id, 'kill');
  await engine.stop(container.id, 'kill');
  expect(await state(container.id)).toBe('exited 137 no');
  expect(await engine.freeze(container.id), 'what was taken is known still').toEqual(frozen);
});

test('a container that crashes again and again is stopped between two lives, and known as not healthy at once', async () => {
  await using container = await startContainer({
    options: ['--restart', 'always'],
    command: ['sh', '-c', 'echo no config; exit 3'],
  });
  const before = Date.now();
  await expect(engine.waitHealthy(container.id, 60_000)).rejects.toMatchObject({
    code: 'E_UNHEALTHY',
    message: expect.stringMatching(/again and again, last with code 3.*no config/),
  });
  expect(Date.now() - before).toBeLessThan(20_000);
  await engine.stop(container.id, 'kill');
  expect(await state(container.id)).toBe('exited 3 no');
});
