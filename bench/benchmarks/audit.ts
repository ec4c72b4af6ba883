import { join } from 'node:path';
import { run } from '../../src/host/index.ts';
import { packageRoot } from '../../src/kernel/index.ts';
import { stateDirectory } from '../guardians/pristine.ts';
import type { Bench } from '../harness/bench.ts';
import type { Benchmark, Prepared } from '../harness/benchmark.ts';
import { type BenchContainer, startContainer, workloadImage } from '../harness/container.ts';

const CONTAINERS = { full: 100, quick: 10 };
const VARIANT = 'pristine audit';

/** Idle containers of one Debian image; the program is started anew for each sample, as a person would. */
async function prepare(bench: Bench): Promise<Prepared> {
  const { signal, quick, say } = bench;
  const count = CONTAINERS[quick ? 'quick' : 'full'];
  const image = await workloadImage(bench);
  await using stack = new AsyncDisposableStack();
  say(`starting ${count} containers ...`);
  const containers: BenchContainer[] = [];
  while (containers.length < count) containers.push(stack.use(await startContainer(bench, image)));
  const state = await stateDirectory(bench);
  const names = containers.map(({ name }) => name);
  const kept = stack.move();
  return {
    async sample() {
      const start = performance.now();
      const args = ['--state', state, 'audit', '--json', ...names];
      const { code, stdout, stderr } = await run(join(packageRoot, 'bin/pristine'), args, { signal });
      const ms = performance.now() - start;
      if (code !== 3) throw new Error(stderr.trim().slice(-500));
      const { containers: audited }: { containers: unknown[] } = JSON.parse(stdout);
      if (audited.length !== count) throw new Error(`only ${audited.length} of ${count} were audited`);
      return { ms };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export const audit: Benchmark = {
  name: 'audit',
  title: 'the posture of 100 running containers',
  variants: [VARIANT],
  metrics: [
    {
      ...{ key: 'ms', title: 'the whole report', unit: 'ms', better: 'lower' },
      bars: [{ kind: 'worst', variant: VARIANT, limit: 5000 }],
    },
  ],
  rounds: { full: 9, quick: 2 },
  prepare,
};
