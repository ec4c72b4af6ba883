/** Leads ports of the host's loopback to a copy, which is on a network that publishes none. */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Port } from './listening.ts';

export interface Forward extends AsyncDisposable {
  readonly port: Port;
  /** Port of 127.0.0.1 that leads to it. */
  readonly localPort: number;
}

const LOOPBACK = '127.0.0.1';

/** @param address of the copy, asked for at each connection: a restarted copy can have another */
export function forward(port: Port, address: () => string): Promise<Forward> {
  return port.protocol === 'tcp' ? forwardStreams(port, address) : forwardDatagrams(port, address);
}

async function forwardStreams(port: Port, address: () => string): Promise<Forward> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: address(), port: port.number, allowHalfOpen: true });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.setNoDelay(true);
      // A reset on one side is one on the other: the workload is to see what a client would.
      one.on('error', () => other.resetAndDestroy());
      one.on('close', () => open.delete(one));
    }
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return {
    port,
    localPort: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function forwardDatagrams(port: Port, address: () => string): Promise<Forward> {
  const server = createSocket('udp4');
  const upstreams = new Map<string, DatagramSocket>();
  server.on('message', (message, from) => {
    const key = `${from.address}:${from.port}`;
    let upstream = upstreams.get(key);
    if (upstream === undefined) {
      upstream = createSocket('udp4');
      upstream.on('error', () => {});
      upstream.on('message', (answer) => server.send(answer, from.port, from.address));
      upstreams.set(key, upstream);
    }
    upstream.send(message, port.number, address());
  });
  server.bind(0, LOOPBACK);
  await once(server, 'listening');
  return {
    port,
    localPort: server.address().port,
    async [Symbol.asyncDispose]() {
      for (const upstream of upstreams.values()) upstream.close();
      server.close();
      await once(server, 'close');
    },
  };
}
