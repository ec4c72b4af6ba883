/**
 * Uses one service of the corpus once, as `pristine harden --workload` wants it: the container is found by
 * PRISTINE_CONTAINER, PRISTINE_PORT_… and PRISTINE_ROUND.
 *
 * Usage: node range/corpus/workload.ts NAME
 */
import { messageOf, printable } from '../../src/kernel/index.ts';
import { dockerWith } from '../docker.ts';
import { plainTask } from '../task.ts';
import { ensureClients } from './clients.ts';
import type { Subject } from './service.ts';
import { SERVICES } from './services/index.ts';

const { env } = process;
const docker = dockerWith({});

function variable(name: string): string {
  const value = env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const subject: Subject = {
  again: Number(variable('PRISTINE_ROUND')) > 1,
  place: (port) => variable(`PRISTINE_PORT_${port}`),
  async client(script) {
    const { reference } = await ensureClients({ docker, task: plainTask(() => {}) });
    const label = env.PRISTINE_CORPUS_LABEL ?? 'pristine.test=1';
    const network = `container:${variable('PRISTINE_CONTAINER')}`;
    return docker.text([
      ...['run', '--rm', '--init', '--label', label, '--network', network],
      ...[reference, 'sh', '-euc', script],
    ]);
  },
};

try {
  const service = SERVICES.find(({ name }) => name === process.argv[2]);
  if (service === undefined) throw new Error(`there is no service ${process.argv[2]}`);
  await service.use(subject);
} catch (error) {
  console.error(printable(messageOf(error)));
  process.exitCode = 1;
}
