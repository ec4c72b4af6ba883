import { GUARDIANS } from '../guardians/guardian.ts';
import type { Benchmark } from '../harness/benchmark.ts';
import { prepareGuardedWork, protectBars } from './guarded-work.ts';

const COUNT = { full: 2000, quick: 300 };

export const spawn: Benchmark = {
  name: 'spawn',
  title: 'a program in a container starts /usr/bin/true 2,000 times (posix_spawn), per start',
  variants: GUARDIANS,
  metrics: [
    {
      ...{ key: 'start', title: 'one start', unit: 'µs', better: 'lower' },
      baseline: 'unguarded',
      bars: protectBars(1.08),
    },
  ],
  rounds: { full: 11, quick: 3 },
  prepare: (bench) =>
    prepareGuardedWork(bench, async ({ exec }) => {
      const count = COUNT[bench.quick ? 'quick' : 'full'];
      const start = async (times: number) =>
        Number(await exec('workload', 'spawn', String(times), '/usr/bin/true'));
      // The first ones read from the disk.
      await start(50);
      return { start: (await start(count)) / count / 1000 };
    }),
};
