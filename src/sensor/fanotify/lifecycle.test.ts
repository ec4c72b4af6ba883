import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { startContainer, type TestContainer } from '../../../test/support/engine.ts';
import { EventRecorder, summary } from '../../../test/support/event-recorder.ts';
import { watchTarget } from '../../../test/support/watch-target.ts';
import { run } from '../../host/index.ts';
import { closeDescriptor, openWakeFd, wake } from '../../linux/index.ts';
import type { SensorEvent } from '../port.ts';
import { EventLoop } from './event-loop.ts';
import { CELL, CELLS_BYTES, type WorkerRequest } from './protocol.ts';
import { createFanotifySensor } from './sensor.ts';

/** Descriptors of this process by what they are: fanotify groups, eventfds, sockets, directories. */
function descriptors(): string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        const link = readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, 'N');
        const marks = /fanotify/.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'));
        return `${link}${marks ? ' (fanotify)' : ''}`;
      } catch {
        return '';
      }
    })
    .filter((name) => name !== '' && !name.startsWith('/proc/'))
    .sort();
}

const threads = (): number => readdirSync('/proc/self/task').length;

describe('close', () => {
  test('takes away every descriptor, mark and thread, soon, and twice is as good as once', async () => {
    await using container = await startContainer();
    // Node starts helper threads at their first use; they are not the sensor's.
    await (await createFanotifySensor()).close();
    const before = { descriptors: descriptors(), threads: threads() };
    const sensor = await createFanotifySensor();
    const seen = new EventRecorder(sensor);
    await sensor.watch(await watchTarget(container.id));
    await seen.during(container, 'echo x > /x');
    expect(descriptors().join()).toContain('(fanotify)');
    expect(threads()).toBeGreaterThan(before.threads);

    const started = performance.now();
    await sensor.close();
    expect(performance.now() - started).toBeLessThan(250);
    await seen.ended;
    await sensor.close();
    expect({ descriptors: descriptors(), threads: threads() }).toEqual(before);
    await expect(sensor.watch(await watchTarget(container.id))).rejects.toThrow('closed');
  });

  test('the mark goes with the last container of its filesystem', async () => {
    await using one = await startContainer();
    await using two = await startContainer();
    const sensor = await createFanotifySensor();
    const targets = await Promise.all([watchTarget(one.id), watchTarget(two.id)]);
    const marks = () =>
      readdirSync('/proc/self/fdinfo')
        .map((fd) => {
          try {
            return readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
          } catch {
            return '';
          }
        })
        .filter((text) => /^fanotify sdev/m.test(text)).length;
    for (const target of targets) await sensor.watch(target);
    expect(marks()).toBe(1);
    await sensor.unwatch(one.id);
    expect(marks()).toBe(1);
    await sensor.unwatch(two.id);
    expect(marks()).toBe(0);
    await sensor.close();
  });
});

describe('a process that uses the sensor', () => {
  const setup = (upper: string) => `
    import { createFanotifySensor } from ${JSON.stringify(join(import.meta.dirname, 'sensor.ts'))};
    const sensor = await createFanotifySensor();
    await sensor.watch({ id: 'x', name: 'x', image: '', imageId: '', pid: null, mounts: [],
      overlay: { upper: ${JSON.stringify(upper)}, lower: [] } });
    const reading = (async () => { for await (const event of sensor.events()) void event; })();
    const started = Date.now();
    process.on('exit', () => console.log(Date.now()));
  `;

  test.each([
    ['ends by itself after close', 'await sensor.close(); await reading;'],
    ['ends at once through process.exit', 'process.exit(0);'],
    ['ends at once when it throws', 'setTimeout(() => { throw new Error("over"); }, 1);'],
  ])('%s', async (_, end) => {
    await using container = await startContainer();
    const upper = (await watchTarget(container.id)).overlay?.upper ?? '';
    const result = await run(process.execPath, ['--input-type=module', '-e', setup(upper) + end]);
    const gone = Date.now();
    expect(gone - Number(result.stdout.trim())).toBeLessThan(500);
  });
});

describe('a gap is reported', () => {
  test('where more happened than was taken, after the last event that was dropped', async () => {
    await using container = await startContainer();
    const sensor = await createFanotifySensor({ backlog: 8 });
    await sensor.watch(await watchTarget(container.id));
    await container.sh('i=0; while [ $i -lt 100 ]; do : > /f$i; i=$((i+1)); done');
    const seen = new EventRecorder(sensor);
    await seen.until(() => seen.events.some(({ type }) => type === 'gap'));
    const at = seen.events.findIndex(({ type }) => type === 'gap');
    expect(at).toBeLessThanOrEqual(8);
    expect(seen.events[at]).toMatchObject({
      containerId: container.id,
      reason: expect.stringContaining('8'),
    });
    expect((await seen.during(container, ': > /after')).map(({ path }) => path)).toContain('/after');
    await sensor.close();
  });

  test('where the kernel’s queue grew over the limit, which is emptied', async () => {
    await using container = await startContainer();
    const flood = 'i=0; while [ $i -lt 2000 ]; do : > /tmp/$i; i=$((i+1)); done';
    const events = await readLate(container, flood, 50, ({ containerId }) => containerId === null);
    expect(events.filter(({ containerId }) => containerId === null)).toMatchObject([
      { type: 'gap', reason: expect.stringContaining('kernel') },
    ]);
    expect(events.length).toBeLessThan(2000);
  });
});

describe('events that are read late', () => {
  const script = `mkdir -p /d/q/r; echo x > /d/q/r/s; rm -r /d/q
    mkdir /a; echo x > /a/f; mv /a /b; echo y > /b/g; rm -r /bin; : > /end`;

  test('name the paths of their time, also below directories that are gone or moved by now', async () => {
    await using container = await startContainer();
    const events = await readLate(
      container,
      script,
      10_000,
      (event) => 'path' in event && event.path === '/end',
    );
    const found = summary(events.filter((event) => event.type === 'touched'));
    const below = ['create /d/q/r', 'create /d/q/r/s', 'write /d/q/r/s', 'delete /d/q/r/s', 'delete /d/q/r'];
    expect(found).toEqual(expect.arrayContaining(below));
    const moved = ['create /a/f', 'rename /a', 'rename /b', 'create /b/g', 'delete /bin/awk', 'delete /bin'];
    expect(found).toEqual(expect.arrayContaining(moved));
    expect(found.filter((line) => ['create /b/f', 'create /a/g'].includes(line))).toEqual([]);
  });
});

/** Runs a script in a container while the event loop stands still, and then the loop until an event of it is `last`. */
async function readLate(
  container: TestContainer,
  script: string,
  backlog: number,
  last: (event: SensorEvent) => boolean,
): Promise<SensorEvent[]> {
  const { overlay } = await watchTarget(container.id);
  const cells = new SharedArrayBuffer(CELLS_BYTES);
  const { port1, port2 } = new MessageChannel();
  const wakeFd = openWakeFd();
  const layer = { id: 'c', upper: overlay?.upper ?? '', lower: [], initPid: null };
  const request: WorkerRequest = { type: 'watch', number: 1, layer };
  port1.postMessage(request);
  wake(wakeFd);
  const events: SensorEvent[] = [];
  // On this thread, so that it stands still while the kernel's queue fills.
  const loop = new EventLoop({ requests: port2, wakeFd, cells, backlog }, (report) => {
    if (report.type === 'done') execFileSync('docker', ['exec', container.id, '/bin/sh', '-c', script]);
    if (report.type !== 'events') return;
    events.push(...report.events);
    Atomics.store(new Int32Array(cells), CELL.outstanding, 0);
    if (report.events.some(last)) Atomics.store(new Int32Array(cells), CELL.closing, 1);
  });
  loop.run();
  port1.close();
  closeDescriptor(wakeFd);
  return events;
}

describe('creation fails with the reason', () => {
  test.runIf(process.getuid?.() === 0)('without root', async () => {
    const script = `
      import { createFanotifySensor } from ${JSON.stringify(join(import.meta.dirname, 'sensor.ts'))};
      await createFanotifySensor().catch((error) => console.log(error.code, error.message));
    `;
    const args = [
      '--reuid',
      '65534',
      '--clear-groups',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ];
    expect((await run('setpriv', args)).stdout).toMatch(/^E_NEEDS_ROOT .*EPERM/);
  });
});
