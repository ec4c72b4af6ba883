/** The demo system, started, visited and restarted under mode protect, with nobody attacking it until the end. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { RunningGuard, temporaryState } from '../../test/support/guard.ts';
import { dockerWith } from '../docker.ts';
import { ensureDemoImages } from '../images/build.ts';
import { plainTask } from '../task.ts';
import { newRunNames } from './labels.ts';
import { visit } from './page.ts';
import { startProber } from './prober.ts';
import { removeAll } from './remove-all.ts';
import { type SystemOptions, startBackground, startSite } from './system.ts';

const docker = dockerWith({});
const names = newRunNames();
const VISITS_MS = 4000;

afterAll(async () => {
  await removeAll(docker, names.label);
});

test('nothing is refused to the demo system until it is attacked', async () => {
  const signal = new AbortController().signal;
  const { images } = await ensureDemoImages(docker, plainTask(console.error), signal);
  using state = temporaryState();
  const config = join(state.path, 'pristine.yaml');
  const entry = { match: { name: `pristine-demo-${names.run}-*` }, mode: 'protect' };
  writeFileSync(config, JSON.stringify({ version: 1, containers: [entry] }));
  await using guard = new RunningGuard(state.path, ['--config', config]);
  await guard.waitFor('ready');

  const options: SystemOptions = { docker, names, images, signal };
  const system = await startBackground(options);
  const site = await startSite(options, system, names.web);
  const page = await visit(site.url);
  const visits = async () => {
    const prober = startProber(site.url, page.content);
    await sleep(VISITS_MS);
    return prober.stop();
  };
  expect(await visits()).toMatchObject({ failed: 0, defaced: 0 });
  for (const name of [names.db, names.web]) await docker.text(['restart', '-t', '20', name]);
  await expect.poll(() => visit(site.url), { timeout: 30_000 }).toMatchObject({ content: page.content });
  expect(await visits()).toMatchObject({ failed: 0, defaced: 0 });
  const watched = guard.events.flatMap((event) => (event.type === 'watching' ? [event] : []));
  expect(watched.map(({ container, mode }) => `${container.name} ${mode}`)).toEqual(
    expect.arrayContaining([`${names.db} protect`, `${names.web} protect`, `${names.attacker} protect`]),
  );
  expect(guard.events.filter(({ type }) => type === 'denied')).toEqual([]);

  const dropped = '/usr/local/bin/dropped';
  const attack = await docker.attempt([
    ...['exec', names.web, 'sh', '-c', `cp /bin/true ${dropped} && ${dropped}`],
  ]);
  expect(attack.code).toBe(126);
  expect(await guard.waitFor('denied', ({ path }) => path === dropped)).toMatchObject({ enforced: true });
}, 180_000);
