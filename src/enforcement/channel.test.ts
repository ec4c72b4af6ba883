import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { EnforcerReport } from './protocol.ts';

const path = (name: string) => JSON.stringify(join(import.meta.dirname, name));

/** A process with `channel` on descriptor 3, and this side of its socket, from which nothing is read yet. */
function processWith(script: string): { child: ChildProcess; socket: Duplex } {
  const setup = `
    import { Channel } from ${path('channel.ts')};
    import { pollReadable } from ${path('../linux/index.ts')};
    const channel = new Channel(3, 100_000);
  `;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', setup + script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
  return { child, socket: child.stdio[3] as Duplex };
}

async function allOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const piece of stream.setEncoding('utf8')) text += piece;
  return text;
}

const echo = `
  for (;;) {
    pollReadable([3], 1000);
    const requests = channel.receive();
    if (requests === 'closed') break;
    for (const request of requests) console.log(JSON.stringify(request));
  }
  channel.send({ type: 'ready' });
`;

test('requests arrive whole, however they are cut, up to the end; a last word is possible then', async () => {
  const { child, socket } = processWith(echo);
  const requests = [
    { type: 'captured', fd: 1 },
    { type: 'release', number: 2, containerId: 'é€😀'.repeat(20_000) },
    { type: 'captured', fd: 3 },
  ];
  const bytes = Buffer.from(requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
  // In the middle of a line, and of a character.
  for (const [from, to] of [
    [0, 5],
    [5, 90],
    [90, 150_001],
    [150_001, bytes.length],
  ]) {
    socket.write(bytes.subarray(from, to));
    await delay(20);
  }
  socket.end();
  const [output, last] = await Promise.all([allOf(child.stdout as Duplex), allOf(socket)]);
  expect(
    output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toStrictEqual(requests);
  expect(last).toBe('{"type":"ready"}\n');
});

/** 2,000 denials of 1 kB and an answer in the middle of them; then what is left is written as it is taken. */
const flood = `
  const started = performance.now();
  const dropped = [];
  for (let i = 0; i < 2000; i++) {
    const report = { type: 'denied', containerId: 'x'.repeat(1000), at: i, denial: {}, fd: i };
    if (!channel.send(report)) dropped.push(i);
    if (i === 1500) channel.send({ type: 'done', number: 7, error: null });
  }
  console.log(JSON.stringify({ took: performance.now() - started, dropped }));
  while (channel.receive() !== 'closed') { channel.flush(); pollReadable([], 5); }
`;

test('a guard that does not read costs reports, each given back and counted, but no time and no answer', async () => {
  const { child, socket } = processWith(flood);
  const [line] = await once(child.stdout as Duplex, 'data');
  const { took, dropped } = JSON.parse(String(line)) as { took: number; dropped: number[] };
  expect(took).toBeLessThan(1000);
  expect(dropped.length).toBeGreaterThan(1000);

  const reports: EnforcerReport[] = [];
  // It says so each time there is room again, which may be more than once.
  const lost = () =>
    reports.reduce(
      (sum, report) => sum + (report.type === 'lapse' ? Number(/^\d+/.exec(report.reason)?.[0]) : 0),
      0,
    );
  let partial = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (partial + text).split('\n');
    partial = lines.pop() ?? '';
    reports.push(...lines.map((each) => JSON.parse(each)));
    if (lost() === dropped.length) socket.end();
  });
  await once(child, 'close');
  const told = reports.flatMap((report) => (report.type === 'denied' ? [report.fd] : []));
  expect([...told, ...dropped].sort((a, b) => Number(a) - Number(b))).toEqual([...Array(2000).keys()]);
  expect(reports).toContainEqual({ type: 'done', number: 7, error: null });
  expect(lost()).toBe(dropped.length);
});

test('a guard that is gone costs nothing', async () => {
  const { child, socket } = processWith(`
    pollReadable([3], 5000);
    for (let i = 0; i < 100; i++) channel.send({ type: 'ready' });
    console.log(channel.wantsWrite, channel.receive());
  `);
  socket.destroy();
  expect(await allOf(child.stdout as Duplex)).toBe('false closed\n');
});
