import { fastify } from 'fastify';
import { PristineError, version } from '../kernel/index.ts';
import { createToken, requireToken } from './authentication.ts';
import { streamEvents } from './event-stream.ts';
import { createMetrics } from './metrics.ts';
import type { ServerDependencies } from './port.ts';

export interface RunningServer {
  /** e.g. `http://127.0.0.1:7380` */
  readonly url: string;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly stateDirectory: string;
  /** TCP port on 127.0.0.1; 0 for any free one. */
  readonly port: number;
}

/**
 * Serves the HTTP API on loopback: containers, incidents, live events and metrics, for whoever holds the token.
 *
 * @throws {PristineError} E_USAGE when the port is taken
 */
export async function startServer(deps: ServerDependencies, options: ServerOptions): Promise<RunningServer> {
  const token = await createToken(options.stateDirectory);
  const server = fastify({ forceCloseConnections: true });
  server.addHook('onRequest', requireToken(token));
  server.setErrorHandler(async (error, _request, reply) => {
    const known = error instanceof PristineError ? error : undefined;
    const status = known?.code === 'E_NO_SUCH_INCIDENT' ? 404 : 500;
    const { code = 'E_INTERNAL', message = 'an internal error', next = '' } = known ?? {};
    await reply.code(status).send({ error: { code, message, next } });
  });

  server.setNotFoundHandler(async ({ url }, reply) => {
    const next = 'See docs/guarding.md for the paths there are.';
    await reply.code(404).send({ error: { code: 'E_USAGE', message: `there is no ${url}`, next } });
  });

  server.get('/api/v1/health', async () => ({ ok: true, version }));
  server.get('/api/v1/containers', async () => deps.containers());
  server.get('/api/v1/incidents', () => deps.incidents());
  server.get<{ Params: { id: string } }>('/api/v1/incidents/:id', ({ params }) => deps.incident(params.id));
  server.get('/api/v1/events', streamEvents(deps.subscribe));
  const metrics = createMetrics(deps);
  server.addHook('onClose', async () => metrics.close());
  server.get('/metrics', async (_request, reply) => {
    reply.header('content-type', metrics.contentType);
    return metrics.render();
  });

  try {
    const url = await server.listen({ host: '127.0.0.1', port: options.port });
    return { url, close: () => server.close() };
  } catch (error) {
    await server.close();
    throw new PristineError('E_USAGE', `the API cannot listen on 127.0.0.1:${options.port}`, {
      next: 'Name a free port with --listen, or 0 for any.',
      cause: error,
    });
  }
}
