import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/host/index.ts';
import { stateDirectory } from '../guardians/pristine.ts';
import type { Bench } from '../harness/bench.ts';
import type { Benchmark, Prepared } from '../harness/benchmark.ts';
import { startContainer, workloadImage } from '../harness/container.ts';

const COMMIT = 'docker commit';
const CAPTURE = 'capture';
const LARGE_MB = { full: 1024, quick: 128 };

/** A web shell, a tool and a few notes. */
const SMALL = 'mkdir -p /opt/t; for i in $(seq 20); do head -c 20000 /dev/urandom >/opt/t/$i; done';
/** Of random bytes, which no disk and no archive makes smaller, in files of 64 MB. */
const large = (mb: number) =>
  `mkdir -p /opt/t; for i in $(seq ${mb / 64}); do head -c 64M /dev/urandom >/opt/t/$i; done; sync`;

/** @param script what the intruder has left in the container */
async function prepare(bench: Bench, script: string, megabytes: number): Promise<Prepared> {
  const { docker, signal } = bench;
  const image = await workloadImage(bench);
  await using stack = new AsyncDisposableStack();
  const warmUp = stack.use(await startContainer(bench, image));
  const container = stack.use(await startContainer(bench, image));
  await container.exec('sh', '-c', script);
  await docker.text(['pause', warmUp.name, container.name], { signal });
  // Captures of one guard share it, so that the image is kept once, before the first.
  const state = await stateDirectory(bench);
  const kept = stack.move();
  return {
    async sample(variant) {
      const how = variant === COMMIT ? 'commit' : 'capture';
      const args = [join(import.meta.dirname, '../capture-once.ts'), how, state, warmUp.name, container.name];
      const { code, stdout, stderr } = await run(process.execPath, args, { signal });
      if (code !== 0) throw new Error(stderr.trim().slice(-500));
      const { ms, peakMb, images }: { ms: number; peakMb: number; images: string[] } = JSON.parse(stdout);
      if (images.length > 0) await docker.attempt(['rmi', ...images]);
      await rm(join(state, 'evidence'), { recursive: true, force: true });
      return variant === COMMIT
        ? { ms, rate: (1000 * megabytes) / ms }
        : { ms, rate: (1000 * megabytes) / ms, memory: peakMb };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export const captureSmall: Benchmark = {
  name: 'capture',
  title: 'sealing the evidence of a frozen container with 20 changed files, against committing it',
  variants: [COMMIT, CAPTURE],
  metrics: [
    {
      ...{ key: 'ms', title: 'until it is done', unit: 'ms', better: 'lower', baseline: COMMIT },
      bars: [{ kind: 'ratio', variant: CAPTURE, limit: 1.5 }],
    },
  ],
  rounds: { full: 15, quick: 3 },
  prepare: (bench) => prepare(bench, SMALL, 0.4),
};

export const captureLarge: Benchmark = {
  name: 'capture-large',
  title: 'sealing the evidence of a frozen container with 1 GiB of changed files',
  variants: [COMMIT, CAPTURE],
  metrics: [
    {
      ...{ key: 'rate', title: 'speed', unit: 'MB/s', better: 'higher' },
      bars: [{ kind: 'value', variant: CAPTURE, limit: 150 }],
    },
    {
      ...{ key: 'memory', title: 'most memory of the process', unit: 'MB', better: 'lower' },
      bars: [{ kind: 'value', variant: CAPTURE, limit: 200 }],
    },
  ],
  rounds: { full: 5, quick: 1 },
  prepare: (bench) => {
    const megabytes = LARGE_MB[bench.quick ? 'quick' : 'full'];
    return prepare(bench, large(megabytes), megabytes * 1.048576);
  },
};
