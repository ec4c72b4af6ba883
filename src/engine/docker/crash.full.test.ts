import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker, startContainer, testLabel } from '../../../test/support/engine.ts';
import { findEngine } from '../discovery/find-engine.ts';
import type { Engine } from '../port.ts';

const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-crash-'));
const network = `pristine-test-crash-${process.pid}`;
const subnet = `10.197.${process.pid % 256}`;
/** Freezing and replacing takes about so long, in milliseconds. */
const SPAN = 1000;
const TIMES = 25;
let engine: Engine;

beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory });
  await docker('network', 'create', '--label', testLabel(), '--subnet', `${subnet}.0/24`, network);
});
afterAll(async () => {
  await docker('network', 'rm', network);
  rmSync(stateDirectory, { recursive: true, force: true });
});

/** Freezes and replaces a container in another process, which is killed after `delay` milliseconds. */
async function interrupted(id: string, name: string, delay: number): Promise<void> {
  const find = JSON.stringify(resolve(import.meta.dirname, '../discovery/find-engine.ts'));
  const script = `
    import { findEngine } from ${find};
    const engine = await findEngine({ env: process.env, stateDirectory: ${JSON.stringify(stateDirectory)} });
    console.log('ready');
    await engine.freeze('${id}');
    await engine.replacePristine('${id}', { labels: { 'pristine.replaces': '${id}' }, suspectName: '${name}-suspect' });
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await sleep(delay);
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('killed at any moment, a second attempt ends with exactly one replacement, on all its networks', async () => {
  for (let i = 0; i < TIMES; i++) {
    const delay = (SPAN * i) / TIMES;
    await using container = await startContainer({
      options: [
        '--network',
        network,
        '--ip',
        `${subnet}.${10 + i}`,
        '--network-alias',
        'front',
        '-v',
        '/data',
      ],
    });
    await docker('network', 'connect', 'bridge', container.id);
    await container.sh('echo kept > /data/file');
    await interrupted(container.id, container.name, delay);

    expect([...(await engine.freeze(container.id)).networks].sort(), `after ${delay} ms`).toEqual(
      ['bridge', network].sort(),
    );
    const replacement = await engine.replacePristine(container.id, {
      labels: { 'pristine.replaces': container.id },
      suspectName: `${container.name}-suspect`,
    });
    try {
      const ours = (await engine.list()).filter(({ name }) => name.startsWith(container.name));
      expect(ours.map(({ name, status }) => `${name} ${status}`).sort()).toEqual([
        `${container.name} running`,
        `${container.name}-suspect paused`,
      ]);
      const { networks } = await engine.inspect(replacement.id);
      expect([...networks].sort(), `after ${delay} ms`).toEqual(['bridge', network].sort());
      const address = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
      expect(await docker('inspect', '-f', address, replacement.id)).toBe(`${subnet}.${10 + i}`);
      expect(await docker('exec', replacement.id, 'cat', '/data/file')).toBe('kept');
    } finally {
      await engine.destroy(container.id);
      await engine.destroy(replacement.id);
    }
  }
});
