import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, startContainer, type TestContainer } from '../../../test/support/engine.ts';
import { EventRecorder, type Touched } from '../../../test/support/event-recorder.ts';
import { watchTarget } from '../../../test/support/watch-target.ts';
import type { ChangeSensor } from '../port.ts';
import { createFanotifySensor } from './sensor.ts';

let sensor: ChangeSensor;
let seen: EventRecorder;
let container: TestContainer;
let init: number;

const REPETITIONS = 50;
/** On an idle machine 98 to 100 of 100 are found; this leaves room for one with ten processes waiting for each core. */
const FOUND = 0.9;
/** PID 1 runs each script that appears in /run. */
const SERVANT = `mkdir /run; echo root:x:0:0::/:/bin/sh > /etc/passwd; echo app:x:1000:1000::/:/bin/sh >> /etc/passwd
  while :; do if [ -e /run/go ]; then rm /run/go; i=0
    while [ $i -lt ${REPETITIONS} ]; do sh -c "echo x > /tmp/init$i"; sleep 0.02; i=$((i+1)); done
  fi; sleep 0.05; done`;

beforeAll(async () => {
  sensor = await createFanotifySensor();
  seen = new EventRecorder(sensor);
  container = await startContainer({ command: ['sh', '-c', SERVANT] });
  const target = await watchTarget(container.id);
  init = target.pid ?? 0;
  await sensor.watch(target);
});
afterAll(async () => {
  await sensor?.close();
  await container?.[Symbol.asyncDispose]();
});

const created = (path: string): Touched | undefined =>
  seen.touched.find((event) => event.operation === 'create' && event.path === path);

function attributed(prefix: string): Touched[] {
  return Array.from({ length: REPETITIONS }, (_, index) => {
    const path = `/tmp/${prefix}${index}`;
    const event = created(path);
    return event?.process?.commandLine?.[2] === `echo x > ${path}` ? event : undefined;
  }).filter((event) => event !== undefined);
}

describe('a change is put down to', () => {
  test('a child of PID 1 that lives a millisecond, with its ancestry up to the init', async () => {
    await container.sh(': > /run/go');
    await seen.until(() => created(`/tmp/init${REPETITIONS - 1}`) !== undefined);
    const found = attributed('init');
    expect(found.length).toBeGreaterThanOrEqual(REPETITIONS * FOUND);
    for (const { process } of found) {
      expect(process).toMatchObject({ ppid: init, uid: 0, gid: 0, user: 'root', exe: '/bin/busybox' });
      expect(process?.ancestry).toMatchObject([{ pid: init, exe: '/bin/busybox' }]);
      expect(process?.ancestry?.[0]?.commandLine?.slice(0, 2)).toEqual(['sh', '-c']);
    }
  });

  test('a short-lived child of a shell that the engine started, with that shell and nothing of the host', async () => {
    const script = `i=0; while [ $i -lt ${REPETITIONS} ]; do sh -c "echo x > /tmp/exec$i"; sleep 0.02; i=$((i+1)); done`;
    await seen.during(container, script);
    const found = attributed('exec');
    expect(found.length).toBeGreaterThanOrEqual(REPETITIONS * FOUND);
    for (const { process } of found) {
      expect(process?.ancestry).toHaveLength(1);
      expect(process?.ancestry?.[0]).toMatchObject({
        pid: process?.ppid,
        exe: '/bin/busybox',
        commandLine: ['sh', '-c', script],
      });
    }
  });

  test('a process without a program of its own, which is its parent’s likeness', async () => {
    const script = '( ( echo x > /tmp/subshell ) ); true';
    await seen.during(container, script);
    expect(created('/tmp/subshell')?.process?.commandLine).toEqual(['sh', '-c', script]);
  });

  test('the user by the container’s own names', async () => {
    await container.sh('chmod 777 /tmp');
    await docker('exec', '-u', '1000:1000', container.id, 'sh', '-c', 'echo x > /tmp/app; sleep 0.1');
    await seen.until(() => created('/tmp/app') !== undefined);
    expect(created('/tmp/app')?.process).toMatchObject({ uid: 1000, gid: 1000, user: 'app' });
  });

  test('a process with hostile arguments, cut to a bound and losing no byte before it', async () => {
    const long = 'A'.repeat(10_000);
    await seen.during(
      container,
      `sh -c 'echo x > /tmp/args; sleep 0.1' "$(printf 'a\\033[2J\\377')" ${long}`,
    );
    const words = created('/tmp/args')?.process?.commandLine ?? [];
    expect(words[3]).toBe('a\u001b[2J\udcff');
    expect(words.join(' ').length).toBeLessThanOrEqual(4096);
  });
});
