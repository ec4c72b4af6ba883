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
let engine: Engine;

beforeAll(async () => {
  await installPackages(['docker-compose'], 'a test with docker-compose', (sentence) =>
    console.error(sentence),
  );
  engine = await findEngine({ env: process.env, stateDirectory: directory });
  const [name, value] = testLabel().split('=');
  const service = { image: BUSYBOX, command: ['sleep', '1000'], labels: { [name ?? '']: value }, init: true };
  const file = {
    version: '3.7',
    services: {
      db: { ...service, volumes: ['rows:/rows', '/anonymous'] },
      web: { ...service, depends_on: ['db'], ports: ['127.0.0.1::80'], environment: { A: 'b' } },
    },
    volumes: { rows: { labels: { [name ?? '']: value } } },
  };
  writeFileSync(join(directory, 'docker-compose.yml'), JSON.stringify(file));
  await compose('up', '-d');
});
afterAll(async () => {
  await compose('down', '-v');
  rmSync(directory, { recursive: true, force: true });
});

async function compose(...args: string[]): Promise<string> {
  const result = await run('docker-compose', ['-p', project, ...args], { cwd: directory });
  if (result.code !== 0) throw new Error(`docker-compose ${args.join(' ')}: ${result.stderr}`);
  return result.stdout + result.stderr;
}

test('docker-compose goes on with a replacement as if it had made it', async () => {
  for (const service of ['db', 'web']) {
    const name = `${project}_${service}_1`;
    const { id } = await engine.inspect(name);
    await docker('exec', id, 'sh', '-c', '[ ! -d /anonymous ] || echo kept | tee /anonymous/f > /rows/f');
    await engine.freeze(id);
    const labels = { 'pristine.replaces': id };
    const replacement = await engine.replacePristine(id, { labels, suspectName: `${name}-suspect` });
    await engine.waitHealthy(replacement.id, 10_000);
    await engine.destroy(id);
    expect(replacement.name).toBe(name);
    expect(await compose('up', '-d'), 'nothing to do for it').toContain(`${name} is up-to-date`);
    expect((await engine.inspect(name)).id).toBe(replacement.id);
  }
  expect(await compose('exec', '-T', 'db', 'cat', '/rows/f', '/anonymous/f')).toBe('kept\nkept\n');
  expect(await compose('exec', '-T', 'web', 'ping', '-c', '1', 'db')).toContain('1 packets received');
});
