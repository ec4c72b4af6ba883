import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { enforcersOf, recordedEnforcer, targetOf, timeUntil } from '../../test/support/enforcer.ts';
import { docker, startContainer, type TestContainer, testLabel } from '../../test/support/engine.ts';
import { run } from '../host/index.ts';
import type { EnforcementEvent, Enforcer } from './port.ts';

let enforcer: Enforcer;
let events: EnforcementEvent[];

beforeEach(async () => {
  ({ enforcer, events } = await recordedEnforcer());
});
afterEach(() => enforcer.close());

/** Its program says which interfaces it finds, and when. */
function makeContainer(options: readonly string[] = []): Promise<TestContainer> {
  return startContainer({
    start: false,
    options,
    command: ['sh', '-c', 'ls /sys/class/net | xargs echo interfaces; exec sleep 60'],
  });
}

async function holdStart(container: TestContainer): Promise<void> {
  await enforcer.protect(await targetOf(container));
  await enforcer.holdStart(container.id);
}

async function firstWords(id: string): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const said = await docker('logs', id);
    if (said !== '') return said;
    await delay(10);
  }
  return '';
}

test('the first program waits until its network is there, and the engine does not', async () => {
  const network = `pristine-test-start-${process.pid}`;
  await docker('network', 'create', '--label', testLabel(), network);
  try {
    await using container = await makeContainer(['--network', network]);
    await docker('network', 'disconnect', network, container.id);
    // The engine's helper looks itself up there.
    await docker('cp', '/etc/passwd', `${container.id}:/etc/passwd`);
    await holdStart(container);
    const started = performance.now();
    await docker('start', container.id);
    const startTook = performance.now() - started;
    await delay(50);
    expect(await docker('logs', container.id)).toBe('');
    expect(await docker('top', container.id)).toMatch('runc init');
    // Whoever runs a program of the container from outside does not wait.
    const pid = await docker('inspect', '-f', '{{.State.Pid}}', container.id);
    expect(await run(`/proc/${pid}/root/bin/busybox`, ['echo', 'here'])).toMatchObject({ stdout: 'here\n' });
    const connecting = performance.now();
    await docker('network', 'connect', network, container.id);
    const connectTook = performance.now() - connecting;
    const letting = performance.now();
    const start = await enforcer.letStart(container.id);
    expect(start.held).toBe(true);
    expect(start.waitedMs).toBeGreaterThan(50);
    expect(await firstWords(container.id)).toBe('interfaces eth0 lo');
    console.log(
      `start returned after ${startTook.toFixed(0)} ms, connect took ${connectTook.toFixed(0)} ms, ` +
        `the program waited ${start.waitedMs} ms and had spoken ${(performance.now() - letting).toFixed(0)} ms after it was let`,
    );
    // What comes later waits for nobody.
    const exec = performance.now();
    await container.sh('true');
    expect(performance.now() - exec).toBeLessThan(1000);
  } finally {
    await docker('network', 'rm', network);
  }
});

test('the first program is let go after a second and a half, which is told', async () => {
  await using container = await makeContainer();
  await holdStart(container);
  await docker('start', container.id);
  const started = performance.now();
  expect(await firstWords(container.id)).toBe('interfaces lo');
  const waited = performance.now() - started;
  expect(waited).toBeGreaterThan(1200);
  expect(waited).toBeLessThan(2000);
  expect(await enforcer.letStart(container.id)).toEqual({ held: false, waitedMs: 1500 });
});

test('the first program is let go when the enforcer is killed, which is told', async () => {
  await using container = await makeContainer();
  await holdStart(container);
  await docker('start', container.id);
  await delay(50);
  process.kill(enforcersOf(process.pid)[0] ?? 0, 'SIGKILL');
  const killed = performance.now();
  expect(await firstWords(container.id)).toBe('interfaces lo');
  expect(performance.now() - killed).toBeLessThan(1000);
  await timeUntil(() => events.some(({ type }) => type === 'lapse'));
  expect(await enforcer.letStart(container.id)).toMatchObject({ held: false });
});

test('a container that is let before it starts runs at once, and one that was never held is not told so', async () => {
  await using container = await makeContainer();
  await expect(enforcer.holdStart(container.id)).rejects.toThrow('not protected');
  await holdStart(container);
  expect(await enforcer.letStart(container.id)).toEqual({ held: true, waitedMs: 0 });
  await docker('start', container.id);
  const started = performance.now();
  expect(await firstWords(container.id)).toBe('interfaces lo');
  expect(performance.now() - started).toBeLessThan(1000);
  expect(await enforcer.letStart(container.id)).toEqual({ held: false, waitedMs: 0 });
});

test('a container that is removed while its first program waits holds nobody up', async () => {
  await using container = await makeContainer();
  await holdStart(container);
  await docker('start', container.id);
  const started = performance.now();
  await docker('rm', '-f', container.id);
  expect(performance.now() - started).toBeLessThan(1500);
  expect((await enforcer.letStart(container.id)).held).toBe(true);
  await enforcer.release(container.id);
});
