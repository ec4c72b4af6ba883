/** Containers of the benchmarks, and the image that they run. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureServiceImage } from '../../range/index.ts';
import type { Bench } from './bench.ts';

export interface BenchContainer extends AsyncDisposable {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Pid of its init on the host. */
  readonly pid: number;
  /** Its root directory on the host, by the engine's own mount. */
  readonly merged: string;
  /** The writable layer. */
  readonly upper: string;
  /** Runs a program in it, as root, and answers with its standard output. */
  exec(...command: string[]): Promise<string>;
}

let count = 0;

/** Debian with workload.c, statically linked, as /usr/local/bin/workload. */
export async function workloadImage({ docker, say, signal }: Bench): Promise<string> {
  const source = await readFile(join(import.meta.dirname, '../workload/workload.c'));
  const dockerfile = [
    'FROM debian:bookworm-slim',
    'RUN apt-get update \\',
    ' && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc libc6-dev \\',
    ` && echo ${source.toString('base64')} | base64 -d >/tmp/workload.c \\`,
    ' && gcc -O2 -static -Wall -Wextra -Werror -o /usr/local/bin/workload /tmp/workload.c \\',
    ' && apt-get purge -y --autoremove gcc libc6-dev && rm -rf /tmp/workload.c /var/lib/apt/lists/*',
    '',
  ].join('\n');
  const task = async <T>(title: string, work: () => Promise<T>) => {
    say(title);
    return work();
  };
  const { reference } = await ensureServiceImage({ name: 'bench', dockerfile }, { docker, task, signal });
  return reference;
}

/** Starts a container that does nothing; without a network, whose set-up would only take time. */
export async function startContainer(
  bench: Bench,
  image: string,
  options: readonly string[] = ['--network', 'none'],
): Promise<BenchContainer> {
  const { docker, label, prefix, signal } = bench;
  const name = `${prefix}${++count}`;
  const id = await docker.text(
    ['run', '-d', '--name', name, '--label', label, ...options, image, 'sleep', 'infinity'],
    { signal },
  );
  return describeContainer(bench, name, id);
}

/** A container that runs already. */
export async function describeContainer(
  { docker, signal }: Bench,
  name: string,
  id: string,
): Promise<BenchContainer> {
  const format =
    '{{.State.Pid}} {{.Config.Image}} {{.GraphDriver.Data.MergedDir}} {{.GraphDriver.Data.UpperDir}}';
  const answer = await docker.text(['inspect', '-f', format, id], { signal });
  const [pid = '', image = '', merged = '', upper = ''] = answer.split(' ');
  return {
    ...{ id, name, image, pid: Number(pid), merged, upper },
    exec: (...command) => docker.text(['exec', id, ...command], { signal }),
    async [Symbol.asyncDispose]() {
      await docker.attempt(['rm', '-f', '-v', id]);
    },
  };
}
