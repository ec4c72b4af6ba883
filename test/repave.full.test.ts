/** Replacement without an incident: by hand under load, by age, and one that cannot be had. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Incident } from '../src/contract/index.ts';
import { run } from '../src/host/index.ts';
import { packageRoot } from '../src/kernel/index.ts';
import { docker, startContainer } from './support/engine.ts';
import { eventually } from './support/fight.ts';
import { pristineJson, RunningGuard, temporaryState } from './support/guard.ts';

/** Ends what it has begun when it is asked to stop, as a server should. */
const SERVE =
  'mkdir -p /www; hostname > /www/index.html; httpd -p 80 -h /www; trap "sleep 1; exit" TERM; while :; do sleep 0.2; done';
const WEB = {
  options: ['--network', 'bridge', '-p', '127.0.0.1::80', '--label', 'pristine.allow=/www/index.html'],
  command: ['sh', '-c', SERVE],
};

const idOf = (name: string) => docker('inspect', '-f', '{{.Id}}', name);
const portOf = async (name: string) => (await docker('port', name, '80')).split(':').at(-1);

/** Asks every few milliseconds, each time on a new connection, until stopped; answers with what each got. */
function probe(port: string | undefined): { stop(): Promise<{ answers: string[]; failures: string[] }> } {
  const answers: string[] = [];
  const failures: string[] = [];
  const pending = new Set<Promise<unknown>>();
  const ask = async () => {
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal, headers: { connection: 'close' } });
    answers.push((await response.text()).trim());
  };
  const timer = setInterval(() => {
    const asked = ask().catch((error) => failures.push(`${error} ${error.cause}`));
    pending.add(asked);
    void asked.finally(() => pending.delete(asked));
  }, 10);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
      return { answers, failures };
    },
  };
}

const forced = (...ids: string[]) => run('docker', ['rm', '-f', '-v', ...ids]);

describe('by hand', () => {
  test('loses no request under load', async () => {
    using state = temporaryState();
    await using old = await startContainer(WEB);
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(async () => void (await forced(old.name)));
    const port = await portOf(old.name);
    const prober = probe(port);
    await sleep(500);
    const repave = await pristineJson<Pick<Incident, 'replacement'>>(state.path, 'repave', old.name);
    await sleep(500);
    const { answers, failures } = await prober.stop();
    expect(failures).toEqual([]);
    expect(new Set(answers).size, 'both have answered, and nobody else').toBe(2);
    expect(answers.length).toBeGreaterThan(50);
    console.log(`repave under load: ${answers.length} requests, none lost`);
    expect(await idOf(old.name)).toBe(repave.replacement?.id);
    expect(await portOf(old.name)).toBe(port);
    await expect(docker('inspect', old.id)).rejects.toThrow(/no such/i);
    expect(await pristineJson(state.path, 'incidents')).toEqual([]);
  });

  test('one that cannot be had costs nothing: the old one serves on', async () => {
    using state = temporaryState();
    const folder = mkdtempSync(join(tmpdir(), 'pristine-test-repave-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const options = [...WEB.options, '-v', `${folder}:/app:ro`];
    await using old = await startContainer({
      options,
      command: ['sh', '-c', `[ ! -e /app/broken ] || exit 7; ${SERVE}`],
    });
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(async () => void (await forced(old.name)));
    const port = await portOf(old.name);
    await eventually(() =>
      fetch(`http://127.0.0.1:${port}/`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    writeFileSync(join(folder, 'broken'), '');
    const prober = probe(port);
    await run(join(packageRoot, 'bin/pristine'), ['repave', old.name], {
      env: { PRISTINE_STATE: state.path },
    });
    const { answers, failures } = await prober.stop();
    expect(failures).toEqual([]);
    expect(new Set(answers)).toEqual(new Set([old.id.slice(0, 12)]));
    const present = await docker(
      'ps',
      '-a',
      '--filter',
      `name=${old.name}`,
      '--no-trunc',
      '--format',
      '{{.ID}} {{.State}}',
    );
    expect(present).toBe(`${old.id} running`);
  });
});

/** The incidents of what each replacement drifts by itself. */
const opened = async (name: string) => [`${await idOf(name)} open`];

test('by age: two containers of a service, one after the other', async () => {
  using state = temporaryState();
  // Of one image, they are one service.
  const options = [...WEB.options, '--label', 'pristine.repave=30s'];
  await using one = await startContainer({ ...WEB, options });
  await using two = await startContainer({ ...WEB, options });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => void (await forced(one.name, two.name)));
  await using guard = new RunningGuard(state.path, [one.name, two.name, '--mode', 'heal']);
  await guard.waitFor('ready');
  for (const { id } of [one, two]) {
    await guard.waitFor(
      'step',
      (event) => event.container.id === id && event.step === 'remove' && event.phase === 'done',
      {
        withinMs: 120_000,
      },
    );
  }
  const order = guard.events.flatMap((event) =>
    event.type === 'step' && [one.id, two.id].includes(event.container.id) ? [event.container.id] : [],
  );
  const turns = order.filter((id, index) => id !== order[index - 1]);
  expect(turns, 'none began before the other had ended').toHaveLength(2);
  for (const { id, name } of [one, two]) {
    expect(await idOf(name)).not.toBe(id);
    expect(await docker('inspect', '-f', '{{.State.Status}}', name)).toBe('running');
  }
  const problems = guard.events.filter(
    (event) => event.type === 'problem' && event.code !== 'E_CONFIG_INVALID',
  );
  expect(problems).toEqual([]);
  // What each drifts by itself is no reason to keep it; nobody responds to it.
  const incidents = await pristineJson<Incident[]>(state.path, 'incidents');
  expect(new Set(incidents.map(({ container, state: ended }) => `${container.id} ${ended}`))).toEqual(
    new Set([
      `${one.id} closed`,
      `${two.id} closed`,
      ...(await opened(one.name)),
      ...(await opened(two.name)),
    ]),
  );
});
