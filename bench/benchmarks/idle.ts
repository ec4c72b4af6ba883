import { setTimeout as sleep } from 'node:timers/promises';
import { startPristine } from '../guardians/pristine.ts';
import type { Bench } from '../harness/bench.ts';
import type { Benchmark, Prepared } from '../harness/benchmark.ts';
import { type BenchContainer, startContainer, workloadImage } from '../harness/container.ts';
import { cpuMs, descendants, memoryMb } from '../harness/processes.ts';

const CONTAINERS = { full: 100, quick: 15 };
const SECONDS = { full: 30, quick: 8 };
/** What a start leaves to do is not idleness. */
const SETTLES_MS = 15_000;

async function prepare(bench: Bench): Promise<Prepared> {
  const image = await workloadImage(bench);
  const size = bench.quick ? 'quick' : 'full';
  bench.say(`starting ${CONTAINERS[size]} containers ...`);
  await using stack = new AsyncDisposableStack();
  const names: string[] = [];
  for (let i = 0; i < CONTAINERS[size]; i++) {
    const container: BenchContainer = stack.use(await startContainer(bench, image));
    names.push(container.name);
  }
  const kept = stack.move();
  return {
    async sample(variant) {
      await using guard = await startPristine(bench, {
        mode: variant as 'watch' | 'protect',
        names,
        enforces: variant === 'protect',
      });
      await sleep(SETTLES_MS, undefined, { signal: bench.signal });
      const processes = await descendants(guard.pid);
      const [begun, before] = [performance.now(), await cpuMs(processes)];
      await sleep(SECONDS[size] * 1000, undefined, { signal: bench.signal });
      const used = (await cpuMs(processes)) - before;
      return { cpu: (100 * used) / (performance.now() - begun), ...(await memoryMb(processes)) };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export const idle: Benchmark = {
  name: 'idle',
  title: '100 containers that do nothing, guarded for 30 s; all processes of the agent together',
  variants: ['watch', 'protect'],
  metrics: [
    {
      ...{ key: 'cpu', title: 'time on a processor', unit: '% of a core', better: 'lower' },
      bars: [{ kind: 'value', variant: 'protect', limit: 0.5 }],
    },
    {
      ...{ key: 'once', title: 'memory, pages of one file counted once', unit: 'MB', better: 'lower' },
      bars: [{ kind: 'value', variant: 'protect', limit: 150 }],
    },
    { key: 'pss', title: 'memory, shared pages shared out (PSS)', unit: 'MB', better: 'lower' },
    { key: 'rss', title: 'memory, summed over the processes (RSS)', unit: 'MB', better: 'lower' },
  ],
  rounds: { full: 3, quick: 1 },
  prepare,
};
