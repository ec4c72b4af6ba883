import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { socketsOf } from './sockets-of.ts';

test('names connected sockets before listening ones, IPv4 through IPv6 readably, and unix sockets by path', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-sockets-'));
  const [tcp, unix] = [createServer(), createServer()];
  let client: Socket | undefined;
  try {
    await once(tcp.listen(0, '::'), 'listening');
    await once(unix.listen(join(folder, 's')), 'listening');
    const { port } = tcp.address() as { port: number };
    client = connect(port, '127.0.0.1');
    const [[peer]] = (await Promise.all([once(tcp, 'connection'), once(client, 'connect')])) as [
      [Socket],
      unknown,
    ];
    const sockets = socketsOf(process.pid, 1000);
    expect(sockets).toContain(`tcp 127.0.0.1:${client.localPort} 127.0.0.1:${port}`);
    expect(sockets).toContain(`tcp [::ffff:127.0.0.1]:${port} [::ffff:127.0.0.1]:${client.localPort}`);
    expect(sockets).toContain(`unix ${join(folder, 's')}`);
    const listening = sockets.indexOf(`tcp [::]:${port} [::]:0`);
    expect(listening).toBeGreaterThan(sockets.findIndex((line) => line.includes(String(client?.localPort))));
    expect(socketsOf(process.pid, 2)).toEqual(sockets.slice(0, 2));
    peer.destroy();
  } finally {
    client?.destroy();
    tcp.close();
    unix.close();
    rmSync(folder, { recursive: true });
  }
});

test('a process that is gone has none, and only the lowest descriptors of one are looked at', async () => {
  expect(socketsOf(2 ** 22 + 1, 10)).toEqual([]);
  const many = Array.from({ length: 2000 }, () => openSync('/dev/null', 'r'));
  const late = createServer();
  try {
    await once(late.listen(0, '127.0.0.1'), 'listening');
    const { port } = late.address() as { port: number };
    expect(socketsOf(process.pid, 1000)).not.toContain(`tcp 127.0.0.1:${port} 0.0.0.0:0`);
    for (const descriptor of many.splice(0)) closeSync(descriptor);
  } finally {
    for (const descriptor of many) closeSync(descriptor);
    late.close();
  }
});
