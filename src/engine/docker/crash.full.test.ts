import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker, startContainer, testLabel } from '../../../test/support/engine.ts';
import { run } from '../../host/index.ts';
import { findEngine } from '../discovery/find-engine.ts';
import type { Engine, ReplacementRequest } from '../port.ts';

const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-crash-'));
const network = `pristine-test-crash-${process.pid}`;
const subnet = `10.197.${process.pid % 256}`;
const TIMES = Math.min(25, Number(process.env.PRISTINE_REPETITIONS ?? 25));
let engine: Engine;

beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory });
  await docker('network', 'create', '--label', testLabel(), '--subnet', `${subnet}.0/24`, network);
});
afterAll(async () => {
  await docker('network', 'rm', network);
  rmSync(stateDirectory, { recursive: true, force: true });
});

/** How a container is replaced, as a script that has `engine`, `id` and `request`. */
const WAYS = {
  'a new container': `
    await engine.freeze(id);
    await engine.replacePristine(id, request);`,
  'one that started without a network': `
    await Promise.all([engine.freeze(id), engine.prepareReplacement(id, request, { place: 'no-network' })]);
    await engine.replacePristine(id, request);`,
  'one that waited on the internal network': `
    const { id: candidate } = await engine.prepareReplacement(id, request, { place: 'internal-network' });
    await engine.redirect(id, candidate);
    await engine.freeze(id);
    await engine.replacePristine(id, { ...request, candidate });`,
} as const;

/** Replaces a container in another process, which is killed after `delay` milliseconds, or ends by itself. */
async function inAnotherProcess(
  id: string,
  request: ReplacementRequest,
  way: string,
  delay?: number,
): Promise<void> {
  const find = JSON.stringify(resolve(import.meta.dirname, '../discovery/find-engine.ts'));
  const script = `
    import { findEngine } from ${find};
    const engine = await findEngine({ env: process.env, stateDirectory: ${JSON.stringify(stateDirectory)} });
    const id = ${JSON.stringify(id)};
    const request = ${JSON.stringify(request)};
    console.log('ready');
    ${way}
    ${delay === undefined ? '' : 'setInterval(() => {}, 1000);'}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  if (delay !== undefined) {
    await sleep(delay);
    child.kill('SIGKILL');
  }
  const [code] = await ended;
  if (delay === undefined && code !== 0) throw new Error(`the second attempt ended with code ${code}`);
}

test.each(Object.entries(WAYS))(
  'killed at any moment, a second attempt ends with exactly one replacement, on all its networks: %s',
  async (_, way) => {
    const begun = Date.now();
    await replaceOnce(way, 0);
    const span = Date.now() - begun;
    for (let i = 1; i < TIMES; i++) await replaceOnce(way, i, (span * i) / TIMES);
  },
);

async function replaceOnce(way: string, i: number, delay?: number): Promise<void> {
  const address = `${subnet}.${10 + i}`;
  await using container = await startContainer({
    options: [
      '--network',
      network,
      '--ip',
      address,
      '--network-alias',
      'front',
      '-v',
      '/data',
      '-p',
      '127.0.0.1::80',
    ],
  });
  await docker('network', 'connect', 'bridge', container.id);
  await container.sh('echo kept > /data/file');
  const port = await docker('port', container.id, '80');
  const request = { labels: { 'pristine.replaces': container.id }, suspectName: `${container.name}-suspect` };
  try {
    if (delay !== undefined) await inAnotherProcess(container.id, request, way, delay);
    await inAnotherProcess(container.id, request, way);

    const after = `after ${delay} ms`;
    const ours = (await engine.list()).filter(({ name }) => name.startsWith(container.name));
    expect(ours.map(({ name, status }) => `${name} ${status}`).sort(), after).toEqual([
      `${container.name} running`,
      `${container.name}-suspect paused`,
    ]);
    expect([...(await engine.inspect(container.name)).networks].sort(), after).toEqual(
      ['bridge', network].sort(),
    );
    const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
    expect(await docker('inspect', '-f', format, container.name), after).toBe(address);
    expect(await docker('port', container.name, '80'), after).toBe(port);
    expect(await docker('exec', container.name, 'cat', '/data/file'), after).toBe('kept');
    expect((await run('iptables-save', [])).stdout, after).not.toContain(container.id.slice(0, 12));
  } finally {
    await engine.withdrawReplacement(container.id, request);
    await engine.destroy(container.id);
  }
  const left = (await engine.list()).filter(({ name }) => name.startsWith(container.name));
  expect(left).toEqual([]);
}
