import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/host/index.ts';
import { PRISTINE, stateDirectory } from '../guardians/pristine.ts';
import type { Bench } from '../harness/bench.ts';
import type { Benchmark, Prepared } from '../harness/benchmark.ts';
import { type BenchContainer, startContainer, workloadImage } from '../harness/container.ts';

/** What an attacker and an upload folder may leave: 300 new files, 50 changed, 50 deleted. */
const CHANGES = `
  mkdir /srv/new && cd /srv/new && for i in $(seq 300); do echo "$i" >"file-$i"; done
  find /usr/share/perl /usr/share/perl5 /usr/lib/x86_64-linux-gnu/gconv /usr/lib/aarch64-linux-gnu/gconv \
    -type f 2>/dev/null | sort | head -100 >/tmp/list
  head -50 /tmp/list | while read -r file; do echo changed >>"$file"; done
  tail -n +51 /tmp/list | xargs rm
  wc -l </tmp/list
`;

/** All that AIDE's own default compares and Pristine does: mode, owner, times, xattrs, SHA-256. */
function aideConfiguration(folder: string, { merged }: BenchContainer): string {
  return [
    `database_in=file:${folder}/aide.db`,
    `database_out=file:${folder}/aide.db`,
    'gzip_dbout=no',
    `root_prefix=${merged}`,
    // Two are faster than one, where there are two.
    'num_workers=100%',
    'report_url=stdout',
    '/ p+i+n+u+g+s+m+c+acl+xattrs+sha256',
    '',
  ].join('\n');
}

/** Runs a command that must tell of the new files; answers with the milliseconds it took. */
async function timed(command: string, args: string[], codes: number[], signal: AbortSignal): Promise<number> {
  const begun = performance.now();
  const { code, stdout, stderr } = await run(command, args, { signal });
  const ms = performance.now() - begun;
  const told = new Set(stdout.match(/\/srv\/new\/file-\d+/g)).size;
  if (!codes.includes(code) || told < 300)
    throw new Error(
      `${command} ended with ${code} and told of ${told} new files: ${stderr.trim().slice(-300)}`,
    );
  return ms;
}

async function prepare(bench: Bench): Promise<Prepared> {
  const { signal } = bench;
  const image = await workloadImage(bench);
  await using stack = new AsyncDisposableStack();
  const container = stack.use(await startContainer(bench, image));
  const folder = await mkdtemp(join(bench.folder, 'aide-'));
  const configuration = join(folder, 'aide.conf');
  await writeFile(configuration, aideConfiguration(folder, container));
  bench.say('making the database of AIDE ...');
  const begun = performance.now();
  const init = await run('aide', ['--init', `--config=${configuration}`], { signal });
  if (init.code !== 0) throw new Error(`aide --init: ${`${init.stdout}${init.stderr}`.trim().slice(-500)}`);
  bench.note(
    `AIDE also needs a database made before, in ${Math.round(performance.now() - begun)} ms here; the others compare with the image`,
  );
  if ((await container.exec('bash', '-c', CHANGES)) !== '100')
    throw new Error('the changes could not be made');
  const state = await stateDirectory(bench);
  const kept = stack.move();
  return {
    async sample(variant) {
      switch (variant) {
        case 'aide':
          // aide(1): 1 new, 2 removed, 4 changed files.
          return { ms: await timed('aide', ['--check', `--config=${configuration}`], [7], signal) };
        case 'pristine diff':
          return {
            ms: await timed(PRISTINE, ['diff', container.name, '--json', '--state', state], [0, 3], signal),
          };
        default:
          return { ms: await timed('docker', ['diff', container.name], [0], signal) };
      }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export const integrityCheck: Benchmark = {
  name: 'integrity-check',
  title:
    'a full answer to "what changed?" of a Debian container with 400 changes, from the command to its end',
  variants: ['pristine diff', 'aide', 'docker diff'],
  metrics: [{ key: 'ms', title: 'the answer', unit: 'ms', better: 'lower', baseline: 'docker diff' }],
  rounds: { full: 9, quick: 2 },
  packages: ['aide'],
  prepare,
};
