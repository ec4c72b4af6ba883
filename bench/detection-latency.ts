/**
 * One sample of the benchmark `detection`: how long it takes from just before a write in a container until this
 * process has read of it, by one watcher. The writes are made by workload.c in the container, whose clock
 * (CLOCK_MONOTONIC) is that of process.hrtime here. Prints the latencies in milliseconds, in order, as JSON.
 *
 * Usage: node bench/detection-latency.ts WATCHER CONTAINER COUNT PAUSE_MICROSECONDS STATE_DIRECTORY
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../src/host/index.ts';
import { createFanotifySensor } from '../src/sensor/index.ts';
import { docker } from '../test/support/engine.ts';
import { watchTarget } from '../test/support/watch-target.ts';
import { PRISTINE } from './guardians/pristine.ts';
import { startChild } from './harness/child.ts';

const FOLDER = '/tmp/marks';
const MARK = /\/tmp\/marks\/(mark-\d+)/;
/** Whoever has not told by then has missed it. */
const PATIENCE_MS = 5000;

type Seen = (text: string) => void;

const [watcher = '', container = '', count = '0', pause = '0', state = ''] = process.argv.slice(2);
const target = await watchTarget(container);
const { signal } = new AbortController();

async function watch(seen: Seen): Promise<AsyncDisposable> {
  const { upper = '', merged = '' } = target.overlay ?? {};
  switch (watcher) {
    case 'pristine sensor': {
      const sensor = await createFanotifySensor();
      await sensor.watch(target);
      const reading = (async () => {
        for await (const event of sensor.events()) if (event.type === 'touched') seen(event.path);
      })();
      return { [Symbol.asyncDispose]: () => sensor.close().then(() => reading) };
    }
    case 'pristine guard':
      return told(
        PRISTINE,
        ['guard', container, '--mode', 'watch', '--json', '--state', state],
        '"ready"',
        seen,
      );
    case 'fatrace': {
      // On an overlay it cannot be used; on the filesystem of the writable layer it sees the same writes.
      const child = await startChild('fatrace', ['-c', '-f', 'COW+'], { cwd: upper, signal });
      child.onLine(seen);
      await sleep(500);
      return child;
    }
    case 'inotifywait':
      return told('inotifywait', ['-m', '--format', '%e %w%f', `${merged}${FOLDER}`], 'established', seen);
    case 'docker diff':
      return pollDockerDiff(seen);
    default:
      throw new Error(`no such watcher: ${watcher}`);
  }
}

async function told(command: string, args: string[], ready: string, seen: Seen): Promise<AsyncDisposable> {
  const child = await startChild(command, args, { signal, endWith: 'SIGINT' });
  await child.line('ready', (line) => line.includes(ready));
  child.onLine(seen);
  return child;
}

/** Once a second, as is customary. */
function pollDockerDiff(seen: Seen): AsyncDisposable {
  let ended = false;
  const polling = (async () => {
    while (!ended) {
      const next = sleep(1000);
      for (const line of (await docker('diff', container)).split('\n')) seen(line);
      await next;
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      ended = true;
      await polling;
    },
  };
}

await docker('exec', container, 'sh', '-c', `rm -rf ${FOLDER} && mkdir ${FOLDER}`);
const seenAt = new Map<string, bigint>();
const latencies: number[] = [];
{
  await using _watch = await watch((text) => {
    const name = MARK.exec(text)?.[1];
    if (name !== undefined && !seenAt.has(name)) seenAt.set(name, process.hrtime.bigint());
  });
  const writer = await run('docker', ['exec', container, 'workload', 'mark', count, FOLDER, pause]);
  if (writer.code !== 0) throw new Error(writer.stderr);
  const begun = writer.stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const until = performance.now() + PATIENCE_MS;
  while (seenAt.size < begun.length && performance.now() < until) await sleep(10);
  for (const [name = '', time = '0'] of begun) {
    const at = seenAt.get(name);
    if (at !== undefined) latencies.push(Number(at - BigInt(time)) / 1e6);
  }
}
if (latencies.length < Number(count)) throw new Error(`${latencies.length} of ${count} writes were told`);
console.log(JSON.stringify(latencies.sort((a, b) => a - b)));
