import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { holdFoothold } from './foothold.ts';

/** A site that answers the n-th request with the n-th status, and from then on with the last one. */
async function siteThatAnswers(statuses: readonly number[]) {
  let asked = 0;
  const server = createServer((_, response) => {
    const status = statuses[Math.min(asked++, statuses.length - 1)] ?? 0;
    response.writeHead(status).end(status === 200 ? 'alive\n' : '');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

test('a shell that is refused and then gone never was a foothold', async () => {
  await using site = await siteThatAnswers([404, 500, 403, 500, 404]);
  const foothold = holdFoothold(site.url);
  await foothold.gone;
  expect(await foothold.stop()).toEqual({
    ...{ firstAnswerAt: null, lastAnswerAt: null, refusals: 3, goneAt: expect.any(Number) },
  });
});

test('a shell that answered and is gone was one', async () => {
  await using site = await siteThatAnswers([404, 200, 200, 404]);
  const foothold = holdFoothold(site.url);
  await foothold.gone;
  const { firstAnswerAt, lastAnswerAt, refusals, goneAt } = await foothold.stop();
  expect(lastAnswerAt).toBeGreaterThan(firstAnswerAt ?? Number.POSITIVE_INFINITY);
  expect(goneAt).toBeGreaterThan(lastAnswerAt ?? Number.POSITIVE_INFINITY);
  expect(refusals).toBe(0);
});
