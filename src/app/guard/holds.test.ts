import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { targetOf } from '../../../test/support/enforcer.ts';
import { docker, startContainer } from '../../../test/support/engine.ts';
import { createEnforcer, type Enforcer } from '../../enforcement/index.ts';
import { type ContainerDetails, type Engine, findEngine } from '../../engine/index.ts';
import { run } from '../../host/index.ts';
import { Holds } from './holds.ts';

const state = mkdtempSync(join(tmpdir(), 'pristine-holds-'));
let enforcer: Enforcer;
let engine: Engine;
let holds: Holds;
const problems: unknown[] = [];

beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory: state });
  enforcer = await createEnforcer();
  const protect = async ({ id }: ContainerDetails) => {
    await enforcer.protect(await targetOf({ id }));
  };
  holds = new Holds({ enforcer, engine, protect, onProblem: (error) => problems.push(error) });
});
afterAll(async () => {
  await enforcer.close();
  rmSync(state, { recursive: true });
});

test('a layer is held by the id of its container, whether it was watched or not, and also once it is dead', async () => {
  for (const isWatched of [true, false]) {
    await using container = await startContainer();
    if (isWatched) await holds.watch(await engine.inspect(container.id), async () => false);
    await holds.layers.hold(container.id);
    expect((await run('docker', ['rm', '-f', container.id])).code).toBe(1);
    await holds.layers.hold(container.id);
    await holds.layers.release(container.id);
    expect((await run('docker', ['rm', '-f', container.id])).code).toBe(0);
    // Of what is gone too.
    await holds.layers.release(container.id);
  }
  expect(problems).toEqual([]);
});

test('a start is held by the id of a container that nobody has protected yet', async () => {
  await using container = await startContainer({
    start: false,
    command: ['sh', '-c', 'echo up; exec sleep 60'],
  });
  await holds.starts.hold(container.id);
  await docker('start', container.id);
  expect(await docker('logs', container.id)).toBe('');
  await holds.starts.release(container.id);
  await expect.poll(() => docker('logs', container.id)).toBe('up');
});

test('without an enforcer nothing is held, and nothing fails', async () => {
  const none = new Holds({ enforcer: null, engine, protect: () => Promise.reject(), onProblem: () => {} });
  await none.layers.hold('nothing');
  await none.starts.hold('nothing');
  await none.starts.release('nothing');
  await none.layers.release('nothing');
});
