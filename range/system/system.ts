/** The demo system as containers: a network, the database, front ends, the attacker's server. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PristineError, printable } from '../../src/kernel/index.ts';
import { ATTACKER_HOST } from '../attacker/attacker-server.ts';
import type { Docker } from '../docker.ts';
import type { DemoImage } from '../images/build.ts';
import { freePort } from './free-port.ts';
import type { RunNames } from './labels.ts';

/** The article's read-only run: what Apache with PHP must write goes to memory, nothing else can be written. */
export const READ_ONLY_OPTIONS = ['--read-only', '--tmpfs', '/tmp', '--tmpfs', '/run/apache2'] as const;

const HEALTHY_WITHIN_MS = 60_000;

export interface DemoSystem {
  readonly names: RunNames;
  /** The database's root password, random for each run. */
  readonly password: string;
}

export interface Site {
  readonly container: string;
  readonly url: string;
}

export interface SystemOptions {
  readonly docker: Docker;
  readonly names: RunNames;
  readonly images: Readonly<Record<DemoImage, { readonly reference: string }>>;
  readonly signal: AbortSignal;
}

/** Starts network, database and the attacker's server; answers once the database is healthy. */
export async function startBackground(options: SystemOptions): Promise<DemoSystem> {
  const { docker, names, images, signal } = options;
  const password = randomBytes(12).toString('hex');
  const label = ['--label', names.label];
  await docker.text(['network', 'create', ...label, names.network], { signal });
  await docker.text(['volume', 'create', ...label, names.volume], { signal });
  const common = ['run', '-d', ...label, '--network', names.network];
  await docker.text(
    [
      ...[...common, '--name', names.db, '--network-alias', 'db'],
      ...['-v', `${names.volume}:/var/lib/mysql`, '-e', 'MYSQL_ROOT_PASSWORD', images.db.reference],
    ],
    // Without a value the option takes it from here, where no process list shows it.
    { signal, env: { MYSQL_ROOT_PASSWORD: password } },
  );
  await docker.text(
    [...common, '--name', names.attacker, '--network-alias', ATTACKER_HOST, images.attacker.reference],
    { signal },
  );
  await waitHealthy(docker, names.db, signal);
  return { names, password };
}

/** Starts a front end, published on the loopback address alone; answers once it is healthy. */
export async function startSite(
  options: SystemOptions,
  system: DemoSystem,
  name: string,
  { port, extra = [] }: { port?: number | undefined; extra?: readonly string[] } = {},
): Promise<Site> {
  const { docker, names, images, signal } = options;
  // A fixed port, because a random one of the engine's choice would change with each new container.
  const published = port ?? (await freePort());
  await docker.text(
    [
      ...['run', '-d', '--name', name, '--label', names.label, '--network', names.network],
      ...['-p', `127.0.0.1:${published}:80`, '-e', 'DB_HOST=db', '-e', 'MYSQL_ROOT_PASSWORD'],
      ...[...extra, images.web.reference],
    ],
    { signal, env: { MYSQL_ROOT_PASSWORD: system.password } },
  );
  await waitHealthy(docker, name, signal);
  return { container: name, url: `http://127.0.0.1:${published}` };
}

/** The guest book as the database itself has it, a line for each row. */
export function readDatabase(docker: Docker, system: DemoSystem, signal?: AbortSignal): Promise<string[]> {
  const query = 'SELECT * FROM guesthouse.guests ORDER BY id';
  return docker.lines(['exec', '-e', 'MYSQL_PWD', system.names.db, 'mariadb', '-N', '-B', '-e', query], {
    env: { MYSQL_PWD: system.password },
    ...(signal === undefined ? {} : { signal }),
  });
}

async function waitHealthy(docker: Docker, name: string, signal: AbortSignal): Promise<void> {
  const until = performance.now() + HEALTHY_WITHIN_MS;
  for (;;) {
    const state = await docker.text(['inspect', '-f', '{{.State.Status}} {{.State.Health.Status}}', name], {
      signal,
    });
    if (state === 'running healthy') return;
    if (!state.startsWith('running') || performance.now() > until) {
      const logs = await docker.attempt(['logs', '--tail', '5', name]);
      throw new PristineError('E_DEMO', `${name} did not become healthy (${state}): ${lastLines(logs)}`, {
        next: 'Look at its output above; free memory or disk may be short.',
      });
    }
    await sleep(100, undefined, { signal });
  }
}

function lastLines({ stdout, stderr }: { stdout: string; stderr: string }): string {
  return `${stdout}\n${stderr}`.trim().split('\n').slice(-5).map(printable).join(' / ');
}
