import { join } from 'node:path';
import { run } from '../../src/host/index.ts';
import { stateDirectory } from '../guardians/pristine.ts';
import type { Bench } from '../harness/bench.ts';
import type { Benchmark, Prepared } from '../harness/benchmark.ts';
import { startContainer, workloadImage } from '../harness/container.ts';
import { quantile } from '../harness/statistics.ts';

const SCRIPT = join(import.meta.dirname, '../detection-latency.ts');
const WRITES = { full: 400, quick: 100 };
const PAUSE_US = 5000;
/** Fewer, further apart, and not in step with the polling. */
const POLLED_WRITES = { full: 20, quick: 4 };
const POLLED_PAUSE_US = 1_370_000;

async function prepare(bench: Bench): Promise<Prepared> {
  const image = await workloadImage(bench);
  const size = bench.quick ? 'quick' : 'full';
  return {
    async sample(watcher) {
      await using container = await startContainer(bench, image);
      const [count, pause] =
        watcher === 'docker diff' ? [POLLED_WRITES[size], POLLED_PAUSE_US] : [WRITES[size], PAUSE_US];
      const { code, stdout, stderr } = await run(
        process.execPath,
        [SCRIPT, watcher, container.id, String(count), String(pause), await stateDirectory(bench)],
        { signal: bench.signal },
      );
      if (code !== 0) throw new Error(/^.*Error: .*$/m.exec(stderr)?.[0] ?? stderr.trim().slice(-500));
      const latencies: number[] = JSON.parse(stdout);
      return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
    },
    async [Symbol.asyncDispose]() {},
  };
}

export const detection: Benchmark = {
  name: 'detection',
  title: 'from just before a write in a container until another process has read of it',
  variants: ['pristine sensor', 'fatrace', 'inotifywait', 'pristine guard', 'docker diff'],
  metrics: [
    {
      ...{ key: 'p50', title: 'median of 400 writes', unit: 'ms', better: 'lower' },
      baseline: 'fatrace',
      bars: [{ kind: 'versus', variant: 'pristine sensor', other: 'fatrace' }],
    },
    {
      ...{ key: 'p99', title: '99th percentile of 400 writes', unit: 'ms', better: 'lower' },
      baseline: 'fatrace',
      bars: [{ kind: 'value', variant: 'pristine sensor', limit: 5 }],
    },
  ],
  rounds: { full: 5, quick: 2 },
  packages: ['fatrace', 'inotify-tools'],
  prepare,
};
