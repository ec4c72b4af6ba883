import { GUARDIANS } from '../guardians/guardian.ts';
import type { Benchmark } from '../harness/benchmark.ts';
import type { BenchContainer } from '../harness/container.ts';
import { prepareGuardedWork } from './guarded-work.ts';

const COUNT = { full: 20_000, quick: 3000 };
const FOLDER = '/var/tmp/work';

/** Opened and read, and nothing that anybody could run: data of the image, and data that is drift. */
const IMAGE_DATA = '/etc/passwd';
const DRIFTED_DATA = `${FOLDER}/data`;

/** Microseconds for each of `count` turns. */
async function turns({ exec }: BenchContainer, command: string, count: number, subject: string) {
  return Number(await exec('workload', command, String(count), subject)) / count / 1000;
}

const common = { unit: 'µs', better: 'lower', baseline: 'unguarded' } as const;

export const writeLoop: Benchmark = {
  name: 'write-loop',
  title: 'a program in a container opens, writes or reads, and closes files 20,000 times, per file',
  variants: GUARDIANS,
  metrics: [
    {
      ...{ key: 'append', title: 'append a line to one file', ...common },
      bars: [{ kind: 'ratio', variant: 'protect', limit: 1.5 }],
    },
    { key: 'create', title: 'make a new file', ...common },
    { key: 'imageData', title: 'read a data file of the image', ...common },
    { key: 'driftedData', title: 'read a data file that the image does not have', ...common },
  ],
  rounds: { full: 9, quick: 3 },
  prepare: (bench) =>
    prepareGuardedWork(bench, async (container) => {
      const count = COUNT[bench.quick ? 'quick' : 'full'];
      await container.exec('sh', '-c', `mkdir ${FOLDER} && head -c 4096 /dev/zero >${DRIFTED_DATA}`);
      await turns(container, 'append', 100, `${FOLDER}/log`);
      return {
        append: await turns(container, 'append', count, `${FOLDER}/log`),
        imageData: await turns(container, 'read', count, IMAGE_DATA),
        driftedData: await turns(container, 'read', count, DRIFTED_DATA),
        create: await turns(container, 'create', Math.ceil(count / 4), FOLDER),
      };
    }),
};
