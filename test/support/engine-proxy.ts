/** A socket in front of the real engine that can fail as an engine fails: refuse one request, or be gone for a while. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface EngineProxy extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly dockerHost: string;
  /** Breaks every connection and takes no new ones. */
  cut(): Promise<void>;
  /** Takes connections again. */
  restore(): Promise<void>;
}

/**
 * @param refuse message with which a request is refused, or null to let it through
 * @param status with which it is refused
 */
export async function startEngineProxy(
  refuse: (method: string, path: string) => string | null = () => null,
  status = 500,
): Promise<EngineProxy> {
  const engine = (process.env.DOCKER_HOST ?? '').replace(/^unix:\/\//, '');
  const folder = mkdtempSync(join(tmpdir(), 'pristine-test-proxy-'));
  const path = join(folder, 'engine.sock');
  const sockets = new Set<Socket>();
  const server = createServer((incoming, answer) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const message = refuse(method, url);
    if (message !== null) {
      answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
      return;
    }
    const forward = request({ socketPath: engine, method, path: url, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers);
      answer.flushHeaders();
      response.pipe(answer);
    });
    forward.on('error', () => answer.destroy());
    answer.on('close', () => forward.destroy());
    incoming.pipe(forward);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  const restore = () => new Promise<void>((resolve) => server.listen(path, resolve));
  const cut = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  await restore();
  return {
    dockerHost: `unix://${path}`,
    cut,
    restore,
    async [Symbol.asyncDispose]() {
      if (server.listening) await cut();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
