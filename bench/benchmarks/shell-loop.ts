import { GUARDIANS } from '../guardians/guardian.ts';
import type { Benchmark } from '../harness/benchmark.ts';
import { prepareGuardedWork, protectBars } from './guarded-work.ts';

const COUNT = { full: 1500, quick: 300 };

/** By bash's own clock, so that its start is not in it. */
const LOOP =
  'begun=$EPOCHREALTIME; for ((i = 0; i < $1; i++)); do /usr/bin/true; done; echo "$begun $EPOCHREALTIME"';

export const shellLoop: Benchmark = {
  name: 'shell-loop',
  title: 'a bash loop in a container runs /usr/bin/true 1,500 times, per turn',
  variants: GUARDIANS,
  metrics: [
    {
      ...{ key: 'turn', title: 'one turn', unit: 'µs', better: 'lower' },
      baseline: 'unguarded',
      bars: protectBars(1.05),
    },
  ],
  rounds: { full: 11, quick: 3 },
  prepare: (bench) =>
    prepareGuardedWork(bench, async ({ exec }) => {
      const count = COUNT[bench.quick ? 'quick' : 'full'];
      const loop = async (times: number) => {
        const answer = await exec('bash', '-c', LOOP, 'bash', String(times));
        const [begun = 0, ended = 0] = answer.split(' ').map(Number);
        return (ended - begun) * 1e6;
      };
      await loop(50);
      return { turn: (await loop(count)) / count };
    }),
};
