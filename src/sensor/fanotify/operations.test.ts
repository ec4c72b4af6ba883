import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, startContainer, type TestContainer } from '../../../test/support/engine.ts';
import { EventRecorder, summary } from '../../../test/support/event-recorder.ts';
import { watchTarget } from '../../../test/support/watch-target.ts';
import type { ChangeSensor } from '../port.ts';
import { createFanotifySensor } from './sensor.ts';

let sensor: ChangeSensor;
let seen: EventRecorder;
let container: TestContainer;

const IMAGE = `pristine-test-sensor:${process.pid}`;

beforeAll(async () => {
  await using maker = await startContainer();
  await maker.sh(
    'mkdir -p /i/dir /i/sub; for f in a b c d e f g h; do echo $f > /i/$f; done; echo x > /i/dir/x',
  );
  await docker('commit', maker.id, IMAGE);
  sensor = await createFanotifySensor();
  seen = new EventRecorder(sensor);
  container = await startContainer({ image: IMAGE });
  await sensor.watch(await watchTarget(container.id));
  await seen.during(container, 'mkdir /d /d/sub; touch /d/old; echo 12345 > /d/long');
});
afterAll(async () => {
  await sensor?.close();
  await container?.[Symbol.asyncDispose]();
  await docker('image', 'rm', '-f', IMAGE);
});

const OPERATIONS: [name: string, script: string, expected: string[]][] = [
  ['creating an empty file', ': > /d/new', ['create /d/new', 'write /d/new']],
  ['appending to a file of the container', 'echo x >> /d/old', ['write /d/old']],
  ['truncating a file of the container', ': > /d/long', ['write /d/long']],
  ['appending to a file of the image', 'echo x >> /i/a', ['write /i/a']],
  ['truncating a file of the image', ': > /i/b', ['write /i/b']],
  ['changing the mode of a file of the image', 'chmod 711 /i/c', ['attributes /i/c']],
  ['deleting a file of the container', 'rm /d/new', ['delete /d/new']],
  ['deleting a file of the image', 'rm /i/d', ['delete /i/d']],
  ['creating a deleted file of the image anew', 'echo x > /i/d', ['create /i/d', 'write /i/d']],
  ['moving a file of the image', 'mv /i/e /i/e2', ['rename /i/e', 'rename /i/e2']],
  ['moving a file of the image elsewhere', 'mv /i/f /i/sub/f', ['rename /i/f', 'rename /i/sub/f']],
  ['a hard link to a file of the image', 'ln /i/g /d/g', ['create /d/g', 'write /i/g']],
  ['creating a directory', 'mkdir /d/dir', ['create /d/dir']],
  ['changing the mode of a file of the container', 'chmod 700 /d/old', ['attributes /d/old']],
  ['changing the mode of a directory', 'chmod 700 /d/sub', ['attributes /d/sub']],
  ['changing the owner', 'chown 7:7 /d/old', ['attributes /d/old']],
  ['changing the times', 'touch -d 2001-02-03 /d/old', ['attributes /d/old']],
  ['a symbolic link', 'ln -s /etc/shadow /d/link', ['create /d/link']],
  ['a hard link', 'ln /d/old /d/hard', ['create /d/hard']],
  ['a FIFO', 'mknod /d/fifo p', ['create /d/fifo']],
  ['a device', 'mknod /d/null c 1 3', ['create /d/null']],
  ['deleting a directory of the container', 'rmdir /d/dir', ['delete /d/dir']],
  ['deleting a directory of the image', 'rm -r /i/dir', ['delete /i/dir/x', 'delete /i/dir']],
  ['creating a directory of the image anew', 'mkdir /i/dir', ['create /i/dir']],
  ['a name of spaces and quotes', 'echo x > "/d/a b\'c"', ["create /d/a b'c", "write /d/a b'c"]],
  ['a name that is not UTF-8', "echo x > /d/$(printf 'a\\377')", ['create /d/a\udcff', 'write /d/a\udcff']],
];

describe('the sensor reports', () => {
  test.each(OPERATIONS)('%s', async (_, script, expected) => {
    const found = summary(await seen.during(container, script));
    expect(found).toEqual(expect.arrayContaining(expected));
    const paths = new Set(expected.map((line) => line.slice(line.indexOf(' ') + 1)));
    const others = found.filter((line) => !paths.has(line.slice(line.indexOf(' ') + 1)));
    // Beside the path itself only its directories may be named: they are copied up, or their times change.
    const parents = new Set([...paths].flatMap((path) => [dirname(path), dirname(dirname(path))]));
    expect(others.filter((line) => !parents.has(line.replace(/^attributes /, '')))).toEqual([]);
  });

  test('a write to a file of the image that was opened, and so copied up, before', async () => {
    const found = await seen.during(container, 'exec 3>> /i/h; sleep 0.3; echo x >&3');
    const times = found.filter(({ path }) => path === '/i/h').map(({ at }) => at);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(200);
  });

  test('changes in a directory that was moved under its new name, and says that it moved', async () => {
    await using fresh = await startContainer();
    await sensor.watch(await watchTarget(fresh.id));
    const moved = await seen.during(fresh, 'mkdir -p /tmp/a/b; echo 1 > /tmp/a/b/f; mv /tmp/a /tmp/z');
    expect(moved.filter(({ subtree }) => subtree).map(({ operation, path }) => [operation, path])).toEqual([
      ['rename', '/tmp/a'],
      ['rename', '/tmp/z'],
    ]);
    const after = summary(await seen.during(fresh, 'echo 2 >> /tmp/z/b/f; echo 3 > /tmp/z/b/g'));
    expect(after).toEqual(expect.arrayContaining(['write /tmp/z/b/f', 'create /tmp/z/b/g']));
    expect(after.filter((line) => line.includes('/tmp/a'))).toEqual([]);
    await sensor.unwatch(fresh.id);
  });

  test('a path that is longer than the kernel prints, or else a gap of its container', async () => {
    await using fresh = await startContainer();
    await sensor.watch(await watchTarget(fresh.id));
    // With the upper directory's own path before it, this is more than 4,096 bytes.
    const name = 'd'.repeat(250);
    const down = (make: string) => `i=0; while [ $i -lt 16 ]; do ${make}; cd ${name}; i=$((i+1)); done`;
    const made = await seen.during(fresh, `${down(`mkdir ${name}`)}; echo x > f`);
    expect(made.map(({ path }) => path)).toContain(`${`/${name}`.repeat(16)}/f`);

    // A new watch knows the directories by their handles alone.
    await sensor.watch(await watchTarget(fresh.id));
    await fresh.sh(`${down(':')}; echo y >> f`);
    const gap = () => seen.events.find(({ type, containerId }) => type === 'gap' && containerId === fresh.id);
    await seen.until(() => gap() !== undefined);
    expect(gap()).toMatchObject({ reason: 'a path is longer than 4,096 characters' });
    await sensor.unwatch(fresh.id);
  });

  test('nothing of other containers, of the host, or of a container that is no longer watched', async () => {
    await using other = await startContainer();
    await using unwatched = await startContainer();
    const target = await watchTarget(unwatched.id);
    await sensor.watch(target);
    expect(await seen.during(unwatched, 'echo x > /here')).not.toEqual([]);
    await sensor.unwatch(target.id);

    const start = seen.events.length;
    await other.sh('echo x > /i; rm /bin/awk');
    await unwatched.sh('echo x > /there');
    const upper = target.overlay?.upper ?? '';
    const ours = join(dirname(upper), 'of-the-host');
    mkdirSync(ours);
    writeFileSync(join(ours, 'file'), 'x');
    rmSync(ours, { recursive: true });
    await seen.during(container, 'true');
    expect(
      seen.events.slice(start).filter((event) => 'path' in event && !event.path.startsWith('/.marker')),
    ).toEqual([]);
  });

  test('the same of a container that stopped and started again', async () => {
    await using fresh = await startContainer({ command: ['sh', '-c', 'exec sleep 1000'] });
    await sensor.watch(await watchTarget(fresh.id));
    await docker('kill', fresh.id);
    await docker('start', fresh.id);
    await sensor.watch(await watchTarget(fresh.id));
    expect(summary(await seen.during(fresh, 'echo x > /again'))).toContain('create /again');
    await sensor.unwatch(fresh.id);
  });
});

test('a burst on one file is thinned out, its first and last write are told', async () => {
  const events = await seen.during(
    container,
    'i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done > /d/log',
  );
  const writes = events.filter(({ path }) => path === '/d/log');
  expect(writes[0]?.operation).toBe('create');
  expect(writes.length).toBeLessThan(40);
  expect(writes.at(-1)?.operation).toBe('write');
});
