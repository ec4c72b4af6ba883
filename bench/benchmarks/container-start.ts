import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPristine } from '../guardians/pristine.ts';
import type { Bench } from '../harness/bench.ts';
import type { Benchmark, Prepared } from '../harness/benchmark.ts';
import { startContainer, workloadImage } from '../harness/container.ts';
import { summarise } from '../harness/statistics.ts';

const STARTS = { full: 10, quick: 3 };

async function prepare(bench: Bench): Promise<Prepared> {
  const image = await workloadImage(bench);
  const configFile = join(bench.folder, 'by-label.yaml');
  await writeFile(configFile, 'version: 1\n');
  let count = 0;
  const start = async (mode: string) => {
    const name = `${bench.prefix}start-${++count}`;
    const options = ['--name', name, '--network', 'none', '--label', bench.label];
    // Without a guard nobody reads that label.
    const begun = performance.now();
    await bench.docker.text(
      ['run', '--rm', ...options, '--label', `pristine.mode=${mode}`, image, '/usr/bin/true'],
      { signal: bench.signal },
    );
    return performance.now() - begun;
  };
  return {
    async sample(variant) {
      const mode = variant === 'unguarded' ? 'watch' : variant;
      // One that runs is there from the beginning, as on any host.
      await using _other = await startContainer(bench, image, [
        ...['--network', 'none', '--label', `pristine.mode=${mode}`],
      ]);
      await using _guard =
        variant === 'unguarded'
          ? undefined
          : await startPristine(bench, { configFile, enforces: mode === 'protect' });
      await start(mode);
      const times: number[] = [];
      for (let i = 0; i < STARTS[bench.quick ? 'quick' : 'full']; i++) times.push(await start(mode));
      return { start: summarise(times).median };
    },
    async [Symbol.asyncDispose]() {},
  };
}

export const containerStart: Benchmark = {
  name: 'container-start',
  title: 'docker run --rm IMAGE true, with a guard that chooses containers by their label',
  variants: ['unguarded', 'watch', 'protect'],
  metrics: [
    {
      ...{ key: 'start', title: 'from the command to its end', unit: 'ms', better: 'lower' },
      baseline: 'unguarded',
      bars: [{ kind: 'ratio', variant: 'protect', limit: 1.15 }],
    },
  ],
  rounds: { full: 7, quick: 2 },
  prepare,
};
