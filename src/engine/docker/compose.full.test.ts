import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUSYBOX, docker, testLabel } from '../../../test/support/engine.ts';
import { installPackages, run } from '../../host/index.ts';
import { findEngine } from '../discovery/find-engine.ts';
import type { Engine } from '../port.ts';

const directory = mkdtempSync(join(tmpdir(), 'pristine-compose-'));
const project = `pristine${process.pid}`;
const subnet = `10.196.${process.pid % 256}`;
let engine: Engine;

beforeAll(async () => {
  await installPackages(['docker-compose'], 'a test with docker-compose', (sentence) =>
    console.error(sentence),
  );
  engine = await findEngine({ env: process.env, stateDirectory: directory });
  writeFileSync(join(directory, 'password'), 'known to few\n');
  writeFileSync(join(directory, 'settings'), 'a=b\n');
  writeFileSync(join(directory, 'docker-compose.yml'), JSON.stringify(composeFile()));
  await compose('up', '-d');
});
afterAll(async () => {
  await compose('down', '-v');
  rmSync(directory, { recursive: true, force: true });
});

/** Five services that depend on each other in every way that Compose knows. */
function composeFile(): object {
  const [label = '', value] = testLabel().split('=');
  const labels = { [label]: value };
  const script = 'echo started; trap exit TERM; while :; do sleep 1; done';
  const service = { image: BUSYBOX, command: ['sh', '-c', script], labels, restart: 'unless-stopped' };
  return {
    services: {
      db: {
        ...service,
        volumes: ['rows:/rows', '/anonymous'],
        secrets: ['password'],
        healthcheck: { test: ['CMD', 'test', '-d', '/rows'], interval: '1s' },
        networks: { back: { ipv4_address: `${subnet}.10`, aliases: ['database'] } },
      },
      meter: { ...service, network_mode: 'service:db', depends_on: ['db'] },
      web: {
        ...service,
        depends_on: { db: { condition: 'service_healthy' } },
        networks: { front: { aliases: ['www'] }, back: null },
        ports: ['127.0.0.1::80'],
        environment: { A: 'b c', EMPTY: '' },
        volumes: ['./settings:/etc/settings:ro', { type: 'tmpfs', target: '/scratch' }],
        sysctls: { 'net.core.somaxconn': '100' },
      },
      backup: { ...service, volumes_from: ['db:ro'], depends_on: ['web'], networks: ['back'] },
      proxy: { ...service, links: ['web:app'], networks: ['front'], init: true, read_only: true },
    },
    networks: { front: { labels }, back: { labels, ipam: { config: [{ subnet: `${subnet}.0/24` }] } } },
    volumes: { rows: { labels } },
    secrets: { password: { file: './password' } },
  };
}

async function compose(...args: string[]): Promise<string> {
  const result = await run('docker-compose', ['-p', project, ...args], { cwd: directory });
  if (result.code !== 0) throw new Error(`docker-compose ${args.join(' ')}: ${result.stderr}`);
  return result.stdout + result.stderr;
}

const SERVICES = ['db', 'meter', 'web', 'backup', 'proxy'] as const;

/** Replaces a service's container with all that depends on it, and removes the old ones. */
async function replaceService(service: string): Promise<string[]> {
  const name = `${project}_${service}_1`;
  const { id } = await engine.inspect(name);
  await engine.freeze(id);
  const labels = { 'pristine.replaces': id };
  const replacement = await engine.replacePristine(id, { labels, suspectName: `${name}-old` });
  await engine.waitHealthy(replacement.id, 30_000);
  expect(replacement.name).toBe(name);
  const differences = await engine.compareReplacement(id, replacement.id);
  expect(differences.filter(({ because }) => because === null)).toEqual([]);
  const dependents = await engine.recreateDependents(id, replacement.id, 'old');
  await engine.destroy(id);
  for (const dependent of dependents)
    await engine.destroy((await engine.inspect(`${dependent.name}-old`)).id);
  return dependents.map((dependent) => dependent.name);
}

test('docker-compose goes on with replacements as if it had made them', async () => {
  await docker('exec', `${project}_db_1`, 'sh', '-c', 'echo kept | tee /anonymous/f > /rows/f');
  const port = await compose('port', 'web', '80');
  for (const service of SERVICES) {
    const dependents = await replaceService(service);
    expect(dependents).toEqual(service === 'db' ? [`${project}_meter_1`] : []);
    const ids = await compose('ps', '-q');
    const up = await compose('up', '-d');
    for (const other of SERVICES) expect(up).toContain(`${project}_${other}_1 is up-to-date`);
    expect(await compose('ps', '-q'), `after ${service}, nothing is made anew`).toBe(ids);
  }
  expect(await compose('exec', '-T', 'db', 'cat', '/rows/f', '/anonymous/f', '/run/secrets/password')).toBe(
    'kept\nkept\nknown to few\n',
  );
  expect(await compose('exec', '-T', 'backup', 'cat', '/rows/f')).toBe('kept\n');
  expect(await compose('exec', '-T', 'web', 'cat', '/etc/settings')).toBe('a=b\n');
  expect(await compose('port', 'web', '80')).toBe(port);
  for (const [from, to] of [
    ['web', 'database'],
    ['proxy', 'app'],
    ['proxy', 'www'],
    ['meter', 'web'],
  ] as const) {
    expect(await compose('exec', '-T', from, 'ping', '-c', '1', to)).toContain('1 packets received');
  }
  expect(await compose('ps')).not.toContain('Exit');
  expect(await compose('logs', '--no-color', 'proxy')).toContain('started');
  await compose('restart', '-t', '0', 'meter');
  await compose('down', '-t', '0');
  const left = await docker('ps', '-aq', '--filter', `label=com.docker.compose.project=${project}`);
  expect(left, 'down has removed them all').toBe('');
});
