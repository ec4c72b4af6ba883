/** Benchmarks of work inside one container, under one guardian after the other. */
import { checkGuardian, type Guardian, startGuardian } from '../guardians/guardian.ts';
import type { Bench } from '../harness/bench.ts';
import type { Bar, Prepared, Sample } from '../harness/benchmark.ts';
import { type BenchContainer, startContainer, workloadImage } from '../harness/container.ts';

/** What `protect` may cost: a ratio to unguarded, and no more than fapolicyd. */
export function protectBars(limit: number): Bar[] {
  return [
    { kind: 'ratio', variant: 'protect', limit },
    { kind: 'versus', variant: 'protect', other: 'fapolicyd' },
  ];
}

/** For each sample a fresh container and a fresh guardian; `work` is what is measured. */
export async function prepareGuardedWork(
  bench: Bench,
  work: (container: BenchContainer) => Promise<Sample>,
): Promise<Prepared> {
  const image = await workloadImage(bench);
  return {
    async sample(variant) {
      const guardian = variant as Guardian;
      await using container = await startContainer(bench, image);
      await using _guard = await startGuardian(bench, guardian, container);
      const sample = await work(container);
      await checkGuardian(bench, guardian, container);
      return sample;
    },
    async [Symbol.asyncDispose]() {},
  };
}
