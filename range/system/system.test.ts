/** The demo system and the attack on it, with nobody guarding. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../src/host/index.ts';
import { packageRoot } from '../../src/kernel/index.ts';
import { type AttackStep, attack } from '../attacker/attack.ts';
import { type ServedFiles, servedFiles, shellsServed } from '../attacker/attacker-server.ts';
import { DEFACEMENT } from '../attacker/payloads.ts';
import type { Target } from '../attacker/steps.ts';
import { dockerWith } from '../docker.ts';
import { get } from '../http-client.ts';
import { ensureDemoImages } from '../images/build.ts';
import { plainTask } from '../task.ts';
import { newRunNames } from './labels.ts';
import { visit } from './page.ts';
import { startProber } from './prober.ts';
import { removeAll, whatCarries } from './remove-all.ts';
import {
  type DemoSystem,
  READ_ONLY_OPTIONS,
  readDatabase,
  type SystemOptions,
  startBackground,
  startSite,
} from './system.ts';

const docker = dockerWith({});
const names = newRunNames();
const signal = new AbortController().signal;
let options: SystemOptions;
let system: DemoSystem;
let served: ServedFiles;

beforeAll(async () => {
  const { images } = await ensureDemoImages(docker, plainTask(console.error), signal);
  options = { docker, names, images, signal };
  system = await startBackground(options);
  served = await servedFiles(docker, names.attacker, signal);
});

afterAll(async () => {
  await removeAll(docker, names.label);
});

const GUESTS = ['Ada', 'Grace', 'Ken', 'Radia'];
const target = (url: string): Target => ({
  ...{ url, password: system.password, guests: GUESTS, tool: served.tool },
});
const outcomes = (steps: AttackStep[]) => Object.fromEntries(steps.map(({ id, outcome }) => [id, outcome]));

describe('the demo system', () => {
  test('greets with its hostname, its links and the rows of the database', async () => {
    const site = await startSite(options, system, `${names.web}-greets`);
    const page = await visit(site.url);
    expect(page).toMatchObject({ status: 200, hostname: expect.stringMatching(/^[0-9a-f]{12}$/) });
    expect(page.links).toEqual([expect.stringMatching(/^db \d+\.\d+\.\d+\.\d+$/)]);
    expect(page.guests.map(([name]) => name)).toEqual(GUESTS);
    const rows = await readDatabase(docker, system);
    expect(rows.map((row) => row.split('\t').slice(1))).toEqual(page.guests);
  });

  test('is published on the loopback address alone', async () => {
    const site = await startSite(options, system, `${names.web}-loopback`);
    const published = await docker.text(['port', site.container]);
    expect(published).toBe(`80/tcp -> 127.0.0.1:${new URL(site.url).port}`);
  });
});

describe('the attack', () => {
  test('works in every step on a site that nobody guards', async () => {
    const site = await startSite(options, system, names.unguardedWeb);
    const before = await visit(site.url);
    const prober = startProber(site.url, before.content);
    const since = new Date().toISOString();
    const told: string[] = [];
    const steps = await attack(target(site.url), {
      pace: 'steady',
      onStep: ({ id }) => told.push(id),
      signal,
    });
    expect(outcomes(steps)).toEqual({
      execute: 'worked',
      deface: 'worked',
      download: 'worked',
      use: 'worked',
      drop: 'worked',
      password: 'worked',
      processes: 'worked',
      database: 'worked',
    });
    expect(told).toEqual(steps.map(({ id }) => id));
    expect(steps.map(({ evidence }) => evidence).join()).not.toContain(system.password);
    expect(await shellsServed(docker, names.attacker, since)).toBe(1);
    expect((await get(`${site.url}/index.html`)).body.trim()).toBe(DEFACEMENT);
    const visitors = await prober.stop();
    expect(visitors.failed).toBe(0);
    expect(visitors.defaced).toBeGreaterThan(0);
  });

  test('leaves what pristine diff --format docker lists as docker diff does, in both containers', async () => {
    const site = await startSite(options, system, `${names.web}-diff`);
    await attack(target(site.url), { pace: 'steady', onStep: () => {}, signal });
    for (const container of [site.container, names.db]) {
      const { code, stdout } = await run(join(packageRoot, 'bin/pristine'), [
        'diff',
        container,
        '--format',
        'docker',
      ]);
      expect(code).toBe(0);
      const sorted = (text: string) => text.trimEnd().split('\n').sort();
      expect(sorted(stdout)).toEqual(sorted(await docker.text(['diff', container])));
    }
  });

  test('in a hurry does the same', async () => {
    const site = await startSite(options, system, `${names.web}-hurried`);
    const steps = await attack(target(site.url), { pace: 'hurried', onStep: () => {}, signal });
    expect(new Set(steps.map(({ outcome }) => outcome))).toEqual(new Set(['worked']));
  });

  test('changes nothing on a read-only site, but still runs code and reads secrets', async () => {
    const site = await startSite(options, system, names.readOnlyWeb, { extra: READ_ONLY_OPTIONS });
    const before = await visit(site.url);
    const steps = await attack(target(site.url), { pace: 'steady', onStep: () => {}, signal });
    expect(outcomes(steps)).toEqual({
      execute: 'worked',
      deface: 'refused',
      download: 'refused',
      use: 'refused',
      drop: 'refused',
      password: 'worked',
      processes: 'worked',
      database: 'worked',
    });
    // Docker mounts a tmpfs with noexec.
    const dropped = steps.find(({ id }) => id === 'drop')?.evidence;
    expect(dropped).toMatch(/^\d+ bytes written; sh: 1: \/tmp\/busybox: Permission denied$/);
    expect(await visit(site.url)).toEqual(before);
    const { stderr } = await docker.attempt(['logs', site.container]);
    expect(stderr).toContain('sh: 1: cannot create index.html: Read-only file system');
    expect(stderr).toContain('copy(shell.php): Failed to open stream: Read-only file system');
    expect(await docker.text(['diff', site.container])).not.toMatch(/ \/var\/www/);
  });

  test('on a site that is not there is cut off', async () => {
    const steps = await attack(target('http://127.0.0.1:1'), { pace: 'steady', onStep: () => {}, signal });
    expect(new Set(steps.map(({ outcome }) => outcome))).toEqual(new Set(['cut off']));
    expect(steps[0]?.evidence).toBe('ECONNREFUSED');
  });
});

describe('removeAll', () => {
  test('leaves nothing that carries the label, and everything else alone', async () => {
    const other = newRunNames();
    for (const { label, network } of [other, names]) {
      await docker.text(['network', 'create', '--label', label, `${network}-extra`]);
    }
    expect(await removeAll(docker, names.label)).toEqual([]);
    expect(await whatCarries(docker, names.label)).toEqual([]);
    expect(await whatCarries(docker, other.label)).toHaveLength(1);
    expect(await removeAll(docker, other.label)).toEqual([]);
  });
});
