import { join } from 'node:path';
import { run } from '../../src/host/index.ts';
import { packageRoot } from '../../src/kernel/index.ts';
import type { CorpusService } from './service.ts';
import { type CorpusRun, exposedPorts } from './start-service.ts';

/** The command line that uses a service once. */
export function workloadOf({ name }: CorpusService): string {
  const script = join(packageRoot, 'range/corpus/workload.ts');
  return [process.execPath, '--disable-warning=ExperimentalWarning', script, name].map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w./=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * Uses a service that runs, as a round of `pristine harden` does, by its address.
 * @param round 1 when it is new; in 2, what was written in 1 must be there
 * @throws when it does not work
 */
export async function useService(
  service: CorpusService,
  name: string,
  round: number,
  { docker, label, signal }: CorpusRun,
): Promise<void> {
  const format = '{{println .Id}}{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{end}}';
  const [id = '', address] = await docker.lines(['inspect', '-f', format, name]);
  const ports = await exposedPorts(docker, name);
  const env = {
    ...docker.environment,
    PRISTINE_CORPUS_LABEL: label,
    PRISTINE_CONTAINER: id,
    PRISTINE_ROUND: String(round),
    ...Object.fromEntries(ports.map((port) => [`PRISTINE_PORT_${port}`, `${address}:${port}`])),
  };
  const used = await run('sh', ['-c', workloadOf(service)], { env, signal });
  if (used.code !== 0) throw new Error(`${name} does not work: ${used.stderr.trim()}`);
}
