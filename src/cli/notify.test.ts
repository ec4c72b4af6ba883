import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pristine, temporaryDirectory } from './test-support/spawn.ts';

const SECRET = Buffer.alloc(32, 5).toString('base64');

async function receiver(): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (text) => {
      body += text;
    });
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(request.url === '/no' ? 403 : 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

async function configuration(yaml: string): Promise<string> {
  const file = join(await temporaryDirectory(), 'pristine.yaml');
  await writeFile(file, yaml);
  return file;
}

test('notify test sends to every target, and says which has not taken it', async () => {
  const { url, bodies } = await receiver();
  const config = await configuration(`version: 1
notify:
  targets:
    - { name: ops, type: webhook, url: '${url}/', secret: { env: HOOK } }
    - { name: chat, type: slack, url: '${url}/no' }
`);
  const all = await pristine(['notify', 'test', '--config', config], { HOOK: SECRET });
  expect(all.code).toBe(1);
  expect(all.stdout).toMatch(/^ops +webhook +yes/m);
  expect(all.stdout).toMatch(/^chat +slack +no .*127\.0\.0\.1:\d+ answered 403/m);
  expect(bodies).toHaveLength(2);
  const one = await pristine(['notify', 'test', '--config', config, '--target', 'ops', '--json'], {
    HOOK: SECRET,
  });
  expect(one.code).toBe(0);
  expect(JSON.parse(one.stdout)).toEqual([
    { target: 'ops', type: 'webhook', ok: true, ms: expect.any(Number), error: null },
  ]);
  const unset = await pristine(['notify', 'test', '--config', config, '--target', 'ops']);
  expect([unset.code, unset.stdout]).toEqual([1, expect.stringContaining('HOOK is empty or not there')]);
});

test.each([
  ['version: 1\n', [], 'names nobody to notify'],
  ['version: 1\nnotify: { targets: [{ name: j, type: journald }] }\n', ['--target', 'x'], 'There are: j.'],
  [
    'version: 1\nnotify: { targets: [{ name: j, type: journald, evnts: [] }] }\n',
    [],
    'Did you mean “events”',
  ],
  ['version: 1\nnotify: { targets: [{ name: j, type: journal }] }\n', [], 'notify.targets[0].type is wrong'],
  [
    'version: 1\nnotify: { targets: [{ name: j, type: slack, url: "ftp://x" }] }\n',
    [],
    'notify.targets[0].url is wrong: an address that begins with http',
  ],
  [
    'version: 1\nnotify: { targets: [{ name: j, type: journald }, { name: j, type: journald }] }\n',
    [],
    'two targets have the same name',
  ],
])('notify test by %j is wrong usage', async (yaml, args, message) => {
  const config = await configuration(yaml);
  const { code, stderr } = await pristine(['notify', 'test', '--config', config, ...args]);
  expect(stderr.replaceAll(/\s+/g, ' ')).toContain(message);
  expect(code).toBe(2);
});
