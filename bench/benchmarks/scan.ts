import { join } from 'node:path';
import { removeAll } from '../../range/index.ts';
import { run } from '../../src/host/index.ts';
import type { Bench } from '../harness/bench.ts';
import type { Benchmark, Prepared } from '../harness/benchmark.ts';
import { workloadImage } from '../harness/container.ts';

const SCRIPT = join(import.meta.dirname, '../scan.ts');
const FILES = { full: 100_000, quick: 10_000 };
const ROUNDS = { full: 9, quick: 2 };

/** What the script calls them. */
const VARIANTS: Record<string, string> = {
  'find -printf': 'find',
  'pristine, list': 'list',
  'pristine, attributes': 'attributes',
  'pristine, again': 'again',
  'pristine, hashes': 'hashes',
  "Docker's changes API": 'changesApi',
};

interface ScanJson {
  readonly rows: readonly { readonly name: string; readonly samplesMs: readonly number[] }[];
}

/** The script takes turns by itself, so it is run once; what it measured is then handed out round by round. */
async function prepare(bench: Bench): Promise<Prepared> {
  const { docker, signal, quick, say, prefix } = bench;
  const size = quick ? 'quick' : 'full';
  const image = await workloadImage(bench);
  say(`listing ${FILES[size]} changes in ${ROUNDS[size]} rounds ...`);
  const args = ['--json', '--files', FILES[size], '--rounds', ROUNDS[size], '--image', image].map(String);
  const testRun = `${prefix}scan`;
  try {
    const env = { PRISTINE_TEST_RUN: testRun };
    const { code, stdout, stderr } = await run(process.execPath, [SCRIPT, ...args], { signal, env });
    if (code !== 0) throw new Error(`bench/scan.ts: ${stderr.trim().slice(-500)}`);
    const { rows }: ScanJson = JSON.parse(stdout);
    const samples = new Map(rows.map(({ name, samplesMs }) => [name, [...samplesMs]]));
    return {
      async sample(variant) {
        const ms = samples.get(VARIANTS[variant] ?? '')?.shift();
        if (ms === undefined) throw new Error('bench/scan.ts did not measure it');
        return { ms };
      },
      async [Symbol.asyncDispose]() {},
    };
  } finally {
    // An interrupted script leaves its container to us.
    await removeAll(docker, `pristine.test=${testRun}`);
  }
}

export const scan: Benchmark = {
  name: 'scan',
  title: 'listing 100,000 changes of a container',
  variants: Object.keys(VARIANTS),
  metrics: [
    {
      ...{ key: 'ms', title: 'the list', unit: 'ms', better: 'lower', baseline: 'find -printf' },
      bars: [
        { kind: 'versus', variant: 'pristine, list', other: "Docker's changes API", share: 0.2 },
        { kind: 'ratio', variant: 'pristine, list', limit: 1.2 },
        { kind: 'ratio', variant: 'pristine, attributes', limit: 1.2 },
      ],
    },
  ],
  rounds: ROUNDS,
  packages: ['curl'],
  prepare,
};
