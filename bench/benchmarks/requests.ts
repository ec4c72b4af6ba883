import {
  ensureDemoImages,
  newRunNames,
  type SystemOptions,
  startBackground,
  startSite,
} from '../../range/index.ts';
import { run } from '../../src/host/index.ts';
import { checkGuardian, GUARDIANS, type Guardian, startGuardian } from '../guardians/guardian.ts';
import type { Bench } from '../harness/bench.ts';
import type { Benchmark, Prepared } from '../harness/benchmark.ts';
import { describeContainer } from '../harness/container.ts';

const COUNT = { full: 3000, quick: 400 };
const AT_ONCE = 4;

/** Requests a second, by ab(1). @throws when one was not answered with the page */
async function load(url: string, count: number, signal: AbortSignal): Promise<number> {
  const args = ['-q', '-n', String(count), '-c', String(AT_ONCE), `${url}/`];
  const { stdout, stderr } = await run('ab', args, { signal });
  const number = (name: string) => Number(new RegExp(`^${name}: +([\\d.]+)`, 'm').exec(stdout)?.[1] ?? 'NaN');
  if (number('Failed requests') !== 0 || stdout.includes('Non-2xx')) {
    throw new Error(`ab ${args.join(' ')}: ${`${stdout}${stderr}`.trim().slice(-500)}`);
  }
  return number('Requests per second');
}

async function prepare(bench: Bench): Promise<Prepared> {
  const { docker, signal, say } = bench;
  const task = async <T>(title: string, work: () => Promise<T>) => {
    say(title);
    return work();
  };
  const { images } = await ensureDemoImages(docker, task, signal);
  const options: SystemOptions = { docker, names: { ...newRunNames(), label: bench.label }, images, signal };
  const system = await startBackground(options);
  const count = COUNT[bench.quick ? 'quick' : 'full'];
  let sites = 0;
  return {
    async sample(variant) {
      const guardian = variant as Guardian;
      const site = await startSite(options, system, `${bench.prefix}site-${++sites}`);
      await using container = await describeContainer(bench, site.container, site.container);
      await using _guard = await startGuardian(bench, guardian, container);
      await load(site.url, 100, signal);
      const requests = await load(site.url, count, signal);
      await checkGuardian(bench, guardian, container);
      return { requests };
    },
    async [Symbol.asyncDispose]() {
      const { db, attacker, network, volume } = options.names;
      await docker.attempt(['rm', '-f', '-v', db, attacker]);
      await docker.attempt(['network', 'rm', network]);
      await docker.attempt(['volume', 'rm', '-f', volume]);
    },
  };
}

export const requests: Benchmark = {
  name: 'requests',
  title: `the demo's site (Apache, PHP, a query to MariaDB) under load by ab with ${AT_ONCE} clients`,
  variants: GUARDIANS,
  metrics: [
    {
      ...{ key: 'requests', title: 'requests a second', unit: '/s', better: 'higher' },
      baseline: 'unguarded',
      bars: [{ kind: 'ratio', variant: 'protect', limit: 0.97 }],
    },
  ],
  rounds: { full: 9, quick: 2 },
  packages: ['apache2-utils'],
  prepare,
};
