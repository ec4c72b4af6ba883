import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { forward } from './forward.ts';
import { commandWorkload, environmentOf, httpWorkload } from './workload.ts';

const ENVIRONMENT = environmentOf({ id: 'abc', name: 'web' }, 2, []);

test('a command finds the copy by its environment', async () => {
  const workload = commandWorkload(
    'test "$PRISTINE_CONTAINER $PRISTINE_NAME $PRISTINE_ROUND $PRISTINE_PORT_80" = "abc web 2 127.0.0.1:8"',
    5000,
  );
  await workload.run({ ...ENVIRONMENT, PRISTINE_PORT_80: '127.0.0.1:8' });
});

test('a command that fails says how, and what it said', async () => {
  const run = commandWorkload('echo "no \x1b[31mroom" >&2; exit 3', 5000).run(ENVIRONMENT);
  await expect(run).rejects.toThrow('it ended with code 3; it said last: no \\x1b[31mroom');
});

test('a command that takes too long is ended with all that it started', async () => {
  const mark = `${process.pid}.${Date.now()}`;
  const run = commandWorkload(`sleep 1000.${mark.slice(-6)} & sleep 1000.${mark.slice(-6)}`, 200).run(
    ENVIRONMENT,
  );
  await expect(run).rejects.toThrow('it did not end within 0.2 s');
  await sleep(100);
  const { execFileSync } = await import('node:child_process');
  expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(`1000.${mark.slice(-6)}`);
});

test('a page is got through a forwarded port, and its status counts', async () => {
  await using server = createServer((request, response) => {
    response.statusCode = request.url === '/broken' ? 500 : request.url === '/' ? 404 : 200;
    response.end('x'.repeat(100_000));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: number } = server.address() as { port: number };
  await using led = await forward({ number, protocol: 'tcp' }, () => '127.0.0.1');
  const environment = environmentOf({ id: 'abc', name: 'web' }, 1, [led]);
  await httpWorkload(number, '/fine', 5000).run(environment);
  // Whatever a server says at its root, it serves; of a page that was asked for more is expected.
  await httpWorkload(number, null, 5000).run(environment);
  await expect(httpWorkload(number, '/', 5000).run(environment)).rejects.toThrow('answered with 404');
  await expect(httpWorkload(number, '/broken', 5000).run(environment)).rejects.toThrow('answered with 500');
  await expect(httpWorkload(1, null, 5000).run(environment)).rejects.toThrow('nothing listens on port 1');
});
