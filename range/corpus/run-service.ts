/** One service of the corpus: made, hardened by the command line, and run as that says. */
import { join } from 'node:path';
import type { HardeningPlan } from '../../src/contract/index.ts';
import { run } from '../../src/host/index.ts';
import { messageOf, packageRoot } from '../../src/kernel/index.ts';
import type { CorpusService } from './service.ts';
import { type CorpusRun, listens, startService } from './start-service.ts';
import { useService, workloadOf } from './use-service.ts';

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

async function mountPoints({ docker }: CorpusRun, name: string): Promise<string[]> {
  return docker.lines(['inspect', '-f', '{{range .Mounts}}{{println .Destination}}{{end}}', name]);
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
  corpus: CorpusRun,
): Promise<void> {
  const { docker, signal } = corpus;
  await docker.text(['rm', '-f', '-v', name], { signal });
  const made = await run('sh', ['-eu'], { input: emitted, env: docker.environment, signal });
  if (made.code !== 0) throw new Error(`what was emitted does not run: ${made.stderr.trim()}`);
  await listens(docker, name, signal);
  const readOnly = await docker.text(['inspect', '-f', '{{.HostConfig.ReadonlyRootfs}}', name]);
  if (readOnly !== 'true') throw new Error('what was emitted has a writable root');
  await useService(service, name, 1, corpus);
}
