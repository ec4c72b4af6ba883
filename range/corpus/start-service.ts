import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../src/kernel/index.ts';
import type { Docker } from '../docker.ts';
import { ensureServiceImage } from '../images/build.ts';
import type { Task } from '../task.ts';
import type { CorpusService } from './service.ts';

export interface CorpusRun {
  readonly docker: Docker;
  readonly task: Task;
  /** `NAME=VALUE`, on everything that this run makes. */
  readonly label: string;
  /** Begins the names of what this run makes. */
  readonly prefix: string;
  /** State directory of the command. */
  readonly state: string;
  readonly signal: AbortSignal;
}

const READY_WITHIN_MS = 90_000;

/** Builds and starts a service with what it needs beside it, and waits until it listens. @returns its name */
export async function startService(service: CorpusService, corpus: CorpusRun): Promise<string> {
  const { docker, label, prefix, signal } = corpus;
  const network = `${prefix}${service.name}`;
  const beside = service.companion;
  if (beside !== undefined) {
    await docker.text(['network', 'create', '--label', label, network], { signal });
    await start(beside.service, [...['--network', network, '--network-alias', beside.alias]], corpus);
  }
  return start(service, beside === undefined ? [] : ['--network', network], corpus);
}

async function start(
  service: CorpusService,
  options: readonly string[],
  { docker, task, label, prefix, signal }: CorpusRun,
): Promise<string> {
  const { name: part, dockerfile } = service;
  const image = await ensureServiceImage({ name: `corpus-${part}`, dockerfile }, { docker, task, signal });
  const name = `${prefix}${part}`;
  const all = ['--name', name, '--label', label, ...options, ...(service.options ?? [])];
  await docker.text(['run', '-d', ...all, image.reference], { signal });
  await listens(docker, name, signal);
  return name;
}

/** Waits until something listens on each exposed TCP port. */
export async function listens(docker: Docker, name: string, signal: AbortSignal): Promise<void> {
  const ports = (await exposedPorts(docker, name)).map((port) => Number(port).toString(16).toUpperCase());
  const until = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const { stdout } = await docker.attempt(['exec', name, 'cat', '/proc/net/tcp', '/proc/net/tcp6'], {
      signal,
    });
    // proc_net_tcp: the local address ends with the port in hexadecimal, and 0A is the state "listening".
    const open = [...stdout.matchAll(/:([0-9A-F]{4}) [0-9A-F:]+ 0A /g)].map(([, port]) => port);
    if (ports.every((port) => open.includes(port.padStart(4, '0')))) return;
    if (performance.now() > until) {
      const { stdout: out, stderr } = await docker.attempt(['logs', '--tail', '5', name]);
      throw new Error(`it does not listen: ${printable(`${out}${stderr}`)}`);
    }
    await sleep(200, undefined, { signal });
  }
}

/** e.g. `80`; those for streams alone. */
export async function exposedPorts(docker: Docker, name: string): Promise<string[]> {
  const format = '{{range $port, $_ := .Config.ExposedPorts}}{{println $port}}{{end}}';
  const ports = await docker.lines(['inspect', '-f', format, name]);
  return ports.flatMap((port) => (port.endsWith('/tcp') ? [port.slice(0, -4)] : []));
}
