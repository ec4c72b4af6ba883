/**
 * How long it takes to list 100,000 changes of a container: Pristine's scan against Docker's changes API and
 * find(1) over the upper layer. Each figure comes from a fresh process, the ways in alternating order. Needs
 * root, a local engine with overlay storage, and the test image (any run of the tests makes it).
 *
 * Usage: node bench/scan.ts [--json] [--files N] [--rounds N] [--image IMAGE]
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs, promisify } from 'node:util';
import { BUSYBOX, docker, startContainer } from '../test/support/engine.ts';
import { watchTarget } from '../test/support/watch-target.ts';

const A_FOLDER = 1000;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    files: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
    image: { type: 'string', default: BUSYBOX },
  },
});

/** What a fresh process runs; each prints its milliseconds, without the start of Node. */
const SCAN = `
  import { createOverlayReader } from ${JSON.stringify(new URL('../src/sensor/index.ts', import.meta.url).href)};
  const [target, options, known] = JSON.parse(process.argv[1]);
  const reader = createOverlayReader();
  const isKnown = known ? (_path, _kind, after) => after !== null && after.ctime !== '' : undefined;
  // The C library is bound at first use; an empty look keeps that out of the time, as starting is for others.
  await reader.examine(target, '/', options);
  const begun = performance.now();
  let count = 0;
  for await (const batch of reader.scanStream(target, { ...options, ...(isKnown && { isKnown }) })) count += batch.length;
  console.log(JSON.stringify({ ms: performance.now() - begun, count, rss: process.resourceUsage().maxRSS * 1024 }));
`;

interface Way {
  readonly title: string;
  readonly run: () => Promise<number>;
}

const program = promisify(execFile);

function scan(target: unknown, options: object, known = false): () => Promise<number> {
  return async () => {
    const { stdout } = await program(process.execPath, [
      ...['--input-type=module-typescript', '-e', SCAN, JSON.stringify([target, options, known])],
    ]);
    return JSON.parse(stdout).ms;
  };
}

async function finished(child: ChildProcess): Promise<void> {
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} exited with ${code}`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** Everything that a scan without attributes and content looks at. */
const FORMAT = '%p %y %m %U %G %s %b %T@ %C@ %n %i\\n';

const files = Number(values.files);
const rounds = Number(values.rounds);
await using container = await startContainer({ image: values.image });
await container.sh(
  `mkdir /d && cd /d && for d in $(seq ${Math.ceil(files / A_FOLDER)}); do
     mkdir $d; for i in $(seq ${A_FOLDER}); do echo $i > $d/$i; done; done`,
);
const target = await watchTarget(container.id);
const upper = target.overlay?.upper ?? '';
const host = process.env.DOCKER_HOST?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';
const quick = { hash: false, maxHashBytes: 0 };
const url = `http://docker/containers/${container.id}/changes`;
const ways: Record<string, Way> = {
  find: {
    title: 'find UPPER -printf',
    run: () => timed(() => finished(spawn('find', [upper, '-printf', FORMAT], { stdio: 'ignore' }))),
  },
  changesApi: {
    title: "Docker's changes API",
    run: () => timed(() => program('curl', ['-sf', '--unix-socket', host, '-o', '/dev/null', url])),
  },
  list: {
    title: 'scan, no hashes, no attributes',
    run: scan(target, { ...quick, attributes: false }),
  },
  attributes: { title: 'scan, no hashes', run: scan(target, quick) },
  again: { title: 'scan again, all known', run: scan(target, quick, true) },
  hashes: { title: 'scan with hashes', run: scan(target, { hash: true, maxHashBytes: 1 << 30 }) },
};

const times = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  const order = Object.entries(ways);
  if (round % 2 === 1) order.reverse();
  for (const [name, way] of order) times.get(name)?.push(await way.run());
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const rows = [...times].map(([name, list]) => {
  const sorted = list.toSorted((a, b) => a - b);
  const round = (ms: number) => Math.round(ms * 10) / 10;
  return {
    name,
    title: ways[name]?.title ?? name,
    medianMs: round(at(sorted, 0.5)),
    leastMs: round(at(sorted, 0)),
    mostMs: round(at(sorted, 1)),
    n: sorted.length,
    samplesMs: list,
  };
});
const median = (name: string) => rows.find((row) => row.name === name)?.medianMs ?? Number.NaN;
const ratios = {
  changesApiToList: median('changesApi') / median('list'),
  changesApiToAttributes: median('changesApi') / median('attributes'),
  listToFind: median('list') / median('find'),
  attributesToFind: median('attributes') / median('find'),
  againToFind: median('again') / median('find'),
};
if (values.json) {
  const engine = await docker('version', '--format', '{{.Server.Version}}');
  console.log(JSON.stringify({ benchmark: 'scan', files, rounds, engine, rows, ratios }));
} else {
  console.log(`| listing ${files} changes | median ms | least | most |\n| --- | --: | --: | --: |`);
  for (const { title, medianMs, leastMs, mostMs } of rows)
    console.log(`| ${title} | ${medianMs} | ${leastMs} | ${mostMs} |`);
  for (const [name, ratio] of Object.entries(ratios)) console.log(`${name}: ${ratio.toFixed(2)}`);
}
