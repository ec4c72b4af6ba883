/** The service that is recovered, and the client that watches it. */
import { join } from 'node:path';
import { ensureServiceImage } from '../../range/index.ts';
import { freePort } from '../../range/system/free-port.ts';
import { nginx } from '../../test/services/nginx.ts';
import type { Bench } from '../harness/bench.ts';
import { startChild } from '../harness/child.ts';
import type { Probe } from './judge.ts';

const PROBE_EVERY_MS = 5;
/** What an intruder leaves behind. */
const INTRUSION = `for i in $(seq 20); do echo '<?php system($_GET["c"]);' >/var/www/html/$i.php; done`;

export interface Service {
  readonly id: string;
  readonly name: string;
  readonly port: number;
  /** What `docker run` was given, without the name. */
  readonly options: readonly string[];
}

export async function serviceImage({ docker, say, signal }: Bench): Promise<string> {
  const task = async <T>(title: string, work: () => Promise<T>) => {
    say(title);
    return work();
  };
  return (await ensureServiceImage(nginx, { docker, task, signal })).reference;
}

/** Starts the service with a published port. */
export async function startService(
  { docker, label, signal }: Bench,
  image: string,
  name: string,
  labels: readonly string[] = [],
): Promise<Service> {
  const port = await freePort();
  const all = [label, ...labels].flatMap((one) => ['--label', one]);
  const options = [...all, '-p', `${port}:80`, image, ...nginx.command];
  const id = await docker.text(['run', '-d', '--name', name, ...options], { signal });
  return { id, name, port, options };
}

/** Leaves something in the service that does not belong there. */
export async function intrude({ docker, signal }: Bench, { id }: Service): Promise<void> {
  await docker.text(['exec', id, 'sh', '-c', INTRUSION], { signal });
}

export interface Client extends AsyncDisposable {
  /** Ends, and tells of every request. */
  finish(): Promise<Probe[]>;
}

/**
 * Begins to send requests; resolves after the first answer. By the host's address on the default bridge, so that
 * they take the way that those of other machines take, and not that through the engine's proxy for the loopback.
 */
export async function startClient({ docker, signal }: Bench, { port }: Service): Promise<Client> {
  const host = await docker.text(
    ['network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', 'bridge'],
    { signal },
  );
  const script = join(import.meta.dirname, '../recovery-prober.ts');
  const args = [script, host, String(port), String(PROBE_EVERY_MS)];
  const child = await startChild(process.execPath, args, { signal });
  await child.line('ready', (line) => line === 'ready', 20_000);
  return {
    async finish() {
      process.kill(child.pid, 'SIGUSR2');
      return JSON.parse(await child.line('[', (line) => line.startsWith('['))) as Probe[];
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
