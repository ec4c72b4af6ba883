import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServerDependencies } from './port.ts';

/** A client that does not read is cut off when so many bytes wait for it. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Sends the guard's events as they happen, as server-sent events (HTML Standard, section 9.2), until the client leaves. */
export function streamEvents(subscribe: ServerDependencies['subscribe']) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    raw.write(': connected\n\n');
    const unsubscribe = subscribe((event) => {
      raw.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      if (raw.writableLength > MAX_WAITING_BYTES) raw.destroy();
    });
    request.raw.on('close', unsubscribe);
  };
}
