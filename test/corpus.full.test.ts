/**
 * Services as Debian packages them become read-only without a hand-written line. Some of them, for the time's sake;
 * all with PRISTINE_CORPUS=all, or those that it names, by commas. `npm run corpus` gives the table.
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  CORPUS,
  type CorpusRun,
  dockerWith,
  plainTask,
  removeMade,
  runCorpus,
  startService,
  useService,
} from '../range/index.ts';
import { docker, TEST_LABEL } from './support/engine.ts';

const wanted = process.env.PRISTINE_CORPUS ?? 'nginx,redis,lighttpd';
const SERVICES = CORPUS.filter(({ name }) => wanted === 'all' || wanted.split(',').includes(name));
/** Those that write something that has to last. */
const KEEPERS = CORPUS.filter(({ name }) => ['apache-php', 'redis', 'mosquitto', 'vsftpd'].includes(name));

const given = {
  docker: dockerWith({}),
  task: plainTask((line) => console.error(line)),
  signal: new AbortController().signal,
};

describe.each(SERVICES)('$name', (service) => {
  test('is hardened and proven, runs as emitted, and leaves nothing', async () => {
    const left: string[] = [];
    const onLeft = (what: string[]) => left.push(...what);
    const results = await runCorpus({ ...given, services: [service], labelled: TEST_LABEL, onLeft });
    expect(results).toMatchObject([{ service: service.name, reasons: [], hardened: true }]);
    const { mounts = [] } = results[0]?.plan?.configuration ?? {};
    expect(mounts.map(({ path }) => path)).not.toContain('/');
    expect(left).toEqual([]);
    // By name, as another run may go on beside this one.
    const named = `name=pristine-corpus-.*-${service.name}`;
    expect(await docker('ps', '-aq', '--filter', named)).toBe('');
    const volumes = await docker('volume', 'ls', '-q');
    expect(volumes).not.toMatch(new RegExp(`pristine-corpus-\\w+-${service.name}`));
  });
});

describe.each(KEEPERS)('the workload of $name', (service) => {
  test('works across a restart, and fails when what it wrote is gone', async () => {
    const run = randomBytes(4).toString('hex');
    const [label, prefix] = [`${TEST_LABEL}=corpus-${run}`, `pristine-corpus-${run}-`];
    const corpus: CorpusRun = { ...given, label, prefix, state: '' };
    try {
      const name = await startService(service, corpus);
      await expect(useService(service, name, 2, corpus)).rejects.toThrow(/gone|lacks|404|550|78/);
      await useService(service, name, 1, corpus);
      await docker('restart', name);
      await useService(service, name, 2, corpus);
    } finally {
      expect(await removeMade(given.docker, label, prefix)).toEqual([]);
    }
  });
});
