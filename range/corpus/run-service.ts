/** One service of the corpus: made, hardened by the command line, and run as that says. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HardeningPlan } from '../../src/contract/index.ts';
import { run } from '../../src/host/index.ts';
import { messageOf, packageRoot, printable } from '../../src/kernel/index.ts';
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

export interface CorpusResult {
  readonly service: string;
  readonly hardened: boolean;
  /** Why not; each a sentence. */
  readonly reasons: readonly string[];
  /** Places that could be written to before: the root, and each volume. */
  readonly writableBefore: readonly string[];
  readonly plan: HardeningPlan | null;
  /** Milliseconds that the command took. */
  readonly tookMs: number;
}

const READY_WITHIN_MS = 90_000;

/** Hardens a service; what it made stays until {@link removeMade}. Throws only when it is interrupted. */
export async function runService(service: CorpusService, corpus: CorpusRun): Promise<CorpusResult> {
  const { task, signal } = corpus;
  const title = (what: string) => `${service.name}: ${what}`;
  let writableBefore: string[] = [];
  let plan: HardeningPlan | null = null;
  let tookMs = 0;
  const reasons: string[] = [];
  try {
    const name = await task(title('starting'), () => startService(service, corpus));
    writableBefore = ['/', ...(await mountPoints(corpus, name))];
    const started = performance.now();
    const answer = await task(title('hardening'), () => harden(service, name, corpus));
    tookMs = performance.now() - started;
    plan = answer.plan;
    reasons.push(...answer.failures);
    if (answer.emitted !== null) {
      const { emitted } = answer;
      await task(title('running as emitted'), () => runEmitted(service, name, emitted, corpus));
    }
  } catch (error) {
    signal.throwIfAborted();
    reasons.push(messageOf(error));
  }
  return { service: service.name, hardened: reasons.length === 0, reasons, writableBefore, plan, tookMs };
}

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
async function listens(docker: Docker, name: string, signal: AbortSignal): Promise<void> {
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
async function exposedPorts(docker: Docker, name: string): Promise<string[]> {
  const format = '{{range $port, $_ := .Config.ExposedPorts}}{{println $port}}{{end}}';
  const ports = await docker.lines(['inspect', '-f', format, name]);
  return ports.flatMap((port) => (port.endsWith('/tcp') ? [port.slice(0, -4)] : []));
}

async function mountPoints({ docker }: CorpusRun, name: string): Promise<string[]> {
  return docker.lines(['inspect', '-f', '{{range .Mounts}}{{println .Destination}}{{end}}', name]);
}

/** The command line that uses a service once. */
export function workloadOf({ name }: CorpusService): string {
  const script = join(packageRoot, 'range/corpus/workload.ts');
  return [process.execPath, '--disable-warning=ExperimentalWarning', script, name].map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w./=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

interface Hardened {
  readonly plan: HardeningPlan | null;
  readonly emitted: string | null;
  readonly failures: readonly string[];
}

async function harden(service: CorpusService, name: string, corpus: CorpusRun): Promise<Hardened> {
  const command = join(packageRoot, 'bin/pristine');
  const words = ['harden', name, '--workload', workloadOf(service), '--emit', 'run', '--json'];
  const env = {
    ...corpus.docker.environment,
    PRISTINE_STATE: corpus.state,
    PRISTINE_CORPUS_LABEL: corpus.label,
  };
  const result = await run(command, words, { env, signal: corpus.signal });
  if (!result.stdout.startsWith('{'))
    return {
      plan: null,
      emitted: null,
      failures: [`the command ended with ${result.code}: ${result.stderr.trim()}`],
    };
  const { emitted = null, ...plan } = JSON.parse(result.stdout) as HardeningPlan & { emitted?: string };
  const failures = [
    ...(plan.proof.proven ? [] : ['the plan is not proven', ...plan.proof.failures]),
    ...(plan.configuration.readOnlyRoot ? [] : ['its root is not read-only', ...plan.remarks]),
    ...(plan.proof.proven && emitted === null ? ['nothing was emitted'] : []),
  ];
  return { plan, emitted, failures };
}

/** Puts what was emitted in the original's place, and uses it once. */
async function runEmitted(
  service: CorpusService,
  name: string,
  emitted: string,
  { docker, label, signal }: CorpusRun,
): Promise<void> {
  await docker.text(['rm', '-f', '-v', name], { signal });
  const made = await run('sh', ['-eu'], { input: emitted, env: docker.environment, signal });
  if (made.code !== 0) throw new Error(`what was emitted does not run: ${made.stderr.trim()}`);
  await listens(docker, name, signal);
  const [id = '', readOnly, address] = await docker.lines([
    ...['inspect', '-f'],
    '{{println .Id}}{{println .HostConfig.ReadonlyRootfs}}{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{end}}',
    name,
  ]);
  if (readOnly !== 'true') throw new Error('what was emitted has a writable root');
  const ports = await exposedPorts(docker, name);
  const env = {
    ...docker.environment,
    PRISTINE_CORPUS_LABEL: label,
    PRISTINE_CONTAINER: id,
    PRISTINE_ROUND: '1',
    ...Object.fromEntries(ports.map((port) => [`PRISTINE_PORT_${port}`, `${address}:${port}`])),
  };
  const used = await run('sh', ['-c', workloadOf(service)], { env, signal });
  if (used.code !== 0) throw new Error(`what was emitted does not work: ${used.stderr.trim()}`);
}
