import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker, startContainer, type TestContainerOptions } from '../../../test/support/engine.ts';
import type { Observation, WritePhase, WrittenPath } from '../../contract/index.ts';
import { type Engine, findEngine } from '../../engine/index.ts';
import { type ChangeSensor, createFanotifySensor, createOverlayReader } from '../../sensor/index.ts';
import { createRefusalReader, observeCopy, type RefusalEvent } from './index.ts';

let engine: Engine;
let sensor: ChangeSensor;
beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory: tmpdir() });
  sensor = await createFanotifySensor();
});
afterAll(() => sensor.close());

/** Waits until the container says a word on its output. */
async function says(id: string, word: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await docker('logs', id)).split('\n').includes(word)) return;
    await sleep(50);
  }
  throw new Error(`it never said ${word}`);
}

/** Plays a script: what stands before `echo ready` is boot, what the container does upon a file /go, steady. */
async function observe(id: string, doing?: (phase: WritePhase) => Promise<unknown>): Promise<Observation> {
  const reader = createOverlayReader();
  await using observer = await observeCopy(await engine.inspect(id), { sensor, reader, engine });
  await docker('start', id);
  await observer.started(await engine.inspect(id));
  await says(id, 'ready');
  await observer.settle();
  observer.phase('steady');
  await doing?.('steady');
  await observer.settle();
  observer.phase('shutdown');
  await docker('stop', '-t', '5', id);
  return observer.end();
}

const script = (boot: string, stop = ':'): TestContainerOptions => ({
  start: false,
  command: ['sh', '-c', `trap '${stop}; exit' TERM; ${boot}; echo ready; while :; do sleep 0.1; done`],
});

function at(observation: Observation, path: string): WrittenPath | undefined {
  return observation.writes.find((write) => write.path === path);
}

test('learns what is written when, by whom, and what remains', async () => {
  await using container = await startContainer(
    script(
      'mkdir -p /run/app; echo 12345 > /run/app/pid; echo x > /tmp/x.tmp; mv /tmp/x.tmp /tmp/x; touch /l; rm /l;' +
        ' rm /bin/awk; chmod 755 /etc; chmod 700 /bin/sed; mkfifo /tmp/fifo; chown 7:8 /tmp/x',
      'echo bye > /bye',
    ),
  );
  const seen = await observe(container.id, () => container.sh('echo steady > /steady; : > /run/app/pid'));
  const { writes } = seen;
  expect(writes.map(({ path }) => path)).toEqual(
    ['/bin/awk', '/bin/busybox', '/bye', '/etc', '/l', '/run/app', '/run/app/pid', '/steady'].concat([
      ...['/tmp/fifo', '/tmp/x', '/tmp/x.tmp'],
    ]),
  );
  expect(at(seen, '/run/app/pid')).toMatchObject({
    ...{ type: 'file', phases: ['boot', 'steady'], bytes: 6, inImage: false, remains: true, executed: false },
    owner: { uid: 0, gid: 0, mode: 0o644 },
    writers: [{ exe: '/bin/busybox', command: 'sh', uid: 0, gid: 0 }],
  });
  expect(at(seen, '/run/app/pid')?.writers[0]?.pid).toBe(1);
  expect(at(seen, '/run/app')).toMatchObject({ type: 'directory', phases: ['boot'] });
  expect(at(seen, '/tmp/x.tmp')).toMatchObject({ remains: false, inImage: false });
  expect(at(seen, '/tmp/x')).toMatchObject({ remains: true, owner: { uid: 7, gid: 8 } });
  expect(at(seen, '/tmp/fifo')).toMatchObject({ type: 'fifo' });
  expect(at(seen, '/l')).toMatchObject({ remains: false, phases: ['boot'] });
  expect(at(seen, '/bin/awk')).toMatchObject({ operations: ['delete'], inImage: true, remains: false });
  expect(at(seen, '/etc')).toMatchObject({ type: 'directory', operations: ['attributes'], inImage: true });
  expect(at(seen, '/steady')).toMatchObject({ phases: ['steady'] });
  expect(at(seen, '/bye')).toMatchObject({ phases: ['shutdown'], remains: true });
});

test('of a run after another, tells what that one wrote', async () => {
  await using container = await startContainer(script('[ -e /first ] || echo x > /first; echo y > /each'));
  expect((await observe(container.id)).writes.map(({ path }) => path)).toEqual(['/each', '/first']);
  expect((await observe(container.id)).writes.map(({ path }) => path)).toEqual(['/each']);
});

test('leaves out what the engine makes, and what lies on other mounts', async () => {
  await using container = await startContainer({
    ...script('echo x > /a/x; echo x > /t/x; echo x >> /etc/hosts; echo x > /dev/shm/x; echo x > /own'),
    options: ['-v', '/a', '--tmpfs', '/t', '--workdir', '/made/by/engine'],
  });
  expect((await observe(container.id)).writes.map(({ path }) => path)).toEqual(['/own']);
});

test('learns who runs, what is executed, and what control group and kernel have counted', async () => {
  await using container = await startContainer({
    ...script(
      'echo "u:x:1234:56::/:/bin/sh" >> /etc/passwd; cp /bin/busybox /tmp/busybox; ln -s /tmp /link; /link/busybox true;' +
        ' touch /tmp/data; chown 1234:56 /tmp/data; su u -c "exec sleep 100" & trap ":" HUP; sleep 0.3',
    ),
  });
  const seen = await observe(container.id);
  expect(seen.processes).toContainEqual({ command: 'sh', uid: 0, gid: 0, groups: [0], first: true });
  expect(seen.processes).toContainEqual(
    expect.objectContaining({ command: 'sleep', uid: 1234, gid: 56, first: false }),
  );
  expect(seen.reloads).toBe(true);
  expect(at(seen, '/tmp/busybox')?.executed).toBe(true);
  expect(at(seen, '/tmp/data')?.executed).toBe(false);
  expect(seen.mostProcesses).toBeGreaterThanOrEqual(3);
  expect(seen.mostMemory).toBeGreaterThan(100_000);
  expect(seen.capabilitiesUsed).toEqual(['CHOWN', 'SETGID', 'SETUID']);
});

test('neither the engine’s work in a container nor the filesystem’s own counts as capabilities used', async () => {
  await using container = await startContainer(script('mkdir /x; rm /bin/awk; mv /bin /bon; mv /bon /bin'));
  expect((await observe(container.id)).capabilitiesUsed).toEqual([]);
});

test('learns whom it tried to reach beyond its own networks', async () => {
  await using container = await startContainer({
    ...script(
      'nc -w 1 198.51.100.7 4321 </dev/null; nc -w 1 127.0.0.1 9 </dev/null; nc -w 1 127.1.2.3 9 </dev/null',
    ),
    options: ['--network', 'bridge'],
  });
  expect((await observe(container.id)).contacted).toEqual(['198.51.100.7:4321']);
});

/** Many times, as a path is sometimes gone from a process's memory before anyone could look. */
const again = (command: string): string => `for i in $(seq 15); do ${command}; sleep 0.02; done`;

test('tells refused writes with their paths, without the links of the folders above', async () => {
  await using container = await startContainer({
    ...script(
      `ln -s /etc /t/link; ${again('(mkdir /boot)')}; cd /etc; ${again('(echo x > relative)')}; cd /;` +
        ` ${again('(echo y > /bin/../etc/dots)')}; ${again('(echo z > /t/link/linked)')};` +
        ` ${again('(echo w > /proc/1/cwd/magic)')}; cat /etc/passwd > /dev/null`,
    ),
    options: ['--read-only', '--tmpfs', '/t'],
  });
  const { refusals } = await observe(container.id);
  const shell = { call: expect.stringMatching(/^open/), command: 'sh', seenBy: 'kernel' };
  for (const path of ['/etc/relative', '/etc/dots', '/etc/linked', '/proc/1/cwd/magic'])
    expect(refusals).toContainEqual(expect.objectContaining({ ...shell, path }));
  expect(refusals).toContainEqual(
    expect.objectContaining({ path: '/boot', call: 'mkdir', command: 'mkdir', pid: expect.any(Number) }),
  );
  expect(refusals.filter(({ path }) => path === '/dev/null')).toEqual([]);
});

test('a file that a folder above hides by a link of the container is never looked for on the host', async () => {
  await using container = await startContainer({
    ...script(`ln -s /proc/1/root/../../../../../etc /t/link; ${again('(echo z > /t/link/hostname/x)')}`),
    options: ['--read-only', '--tmpfs', '/t'],
  });
  const { refusals } = await observe(container.id);
  for (const { path } of refusals) expect(path).not.toMatch(/\.\./);
});

test('what runs already is told of too, by whoever it is started', async () => {
  await using reader = await createRefusalReader();
  if (reader === null) throw new Error('this host has no tracefs');
  await using container = await startContainer({ options: ['--read-only'] });
  await using other = await startContainer({ options: ['--read-only'] });
  const { pid } = await engine.inspect(container.id);
  await reader.add(container.id, pid ?? 0);
  const told: RefusalEvent[] = [];
  const ended = (async () => {
    for await (const event of reader.events()) told.push(event);
  })();
  await other.sh(again('(echo x > /other) || true'));
  await container.sh(again('(echo x > /one) || true'));
  await sleep(200);
  await reader.remove(container.id);
  await container.sh(again('(echo x > /two) || true'));
  await sleep(200);
  await reader[Symbol.asyncDispose]();
  await ended;
  expect(new Set(told.map(({ containerId }) => containerId))).toEqual(new Set([container.id]));
  const paths = told.map(({ refusal }) => refusal.path).filter((path) => path !== null);
  expect(paths).toEqual(['/one']);
});
