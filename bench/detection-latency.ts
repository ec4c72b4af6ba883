/**
 * How long it takes from a write in a container until the sensor's reader holds the event: the fanotify sensor
 * against polling `docker diff` each second. Needs root, a local engine with overlay storage, and the test
 * image (any run of the tests makes it). Usage: node bench/detection-latency.ts [REPETITIONS]
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type ChangeSensor, createFanotifySensor, createPollingSensor } from '../src/sensor/index.ts';
import { docker, startContainer, type TestContainer } from '../test/support/engine.ts';
import { watchTarget } from '../test/support/watch-target.ts';

/** Writes files through the container's overlay from a process of its own, and tells when each write began. */
const WRITER = `
  const { writeFileSync } = require('node:fs');
  const [folder, prefix, count, pause] = process.argv.slice(1);
  let next = 0;
  const timer = setInterval(() => {
    const begun = process.hrtime.bigint();
    writeFileSync(folder + '/' + prefix + next, 'x');
    console.log(prefix + next + ' ' + begun);
    if (++next === Number(count)) clearInterval(timer);
  }, Number(pause));
`;

async function measure(sensor: ChangeSensor, container: TestContainer, count: number, pauseMs: number) {
  const target = await watchTarget(container.id);
  await sensor.watch(target);
  const prefix = `${sensor.kind}-`;
  const begun = new Map<string, bigint>();
  const seen = new Map<string, bigint>();
  const writer = spawn(process.execPath, [
    ...['-e', WRITER, `/proc/${target.pid}/root/tmp`, prefix, String(count), String(pauseMs)],
  ]);
  createInterface({ input: writer.stdout }).on('line', (line) => {
    const [name = '', time = '0'] = line.split(' ');
    begun.set(name, BigInt(time));
  });
  const written = new Promise((resolve) => writer.once('close', resolve));
  for await (const event of sensor.events()) {
    const name = event.type === 'touched' ? event.path.slice('/tmp/'.length) : '';
    if (name.startsWith(prefix) && !seen.has(name)) seen.set(name, process.hrtime.bigint());
    if (seen.size === count) break;
  }
  await written;
  await sensor.close();
  return [...begun]
    .map(([name, start]) => Number((seen.get(name) ?? 0n) - start) / 1e6)
    .sort((a, b) => a - b);
}

function row(title: string, ms: readonly number[]): void {
  const at = (share: number) => (ms[Math.min(ms.length - 1, Math.floor(ms.length * share))] ?? 0).toFixed(2);
  console.log(
    `${title.padEnd(34)} ${String(ms.length).padStart(5)} ${at(0.5).padStart(12)} ${at(0.99).padStart(12)}`,
  );
}

async function changes(id: string) {
  const lines = (await docker('diff', id)).split('\n').filter((line) => line !== '');
  return lines.map((line) => ({ kind: line[0] as 'A' | 'C' | 'D', path: line.slice(2) }));
}

const repetitions = Number(process.argv[2] ?? 400);
await using container = await startContainer();
console.log(
  `${'write to event'.padEnd(34)} ${'n'.padStart(5)} ${'median ms'.padStart(12)} ${'p99 ms'.padStart(12)}`,
);
row('fanotify', await measure(await createFanotifySensor(), container, repetitions, 10));
row(
  'docker diff, polled each second',
  await measure(createPollingSensor({ changes, everyMs: 1000 }), container, Math.min(repetitions, 100), 100),
);
