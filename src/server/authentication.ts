import { randomBytes, timingSafeEqual } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Names under which a browser or a script on this host reaches us; any other is DNS rebinding. */
const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Makes a new token for this run and keeps it in `STATE/api.token`, readable by its owner alone. */
export async function createToken(stateDirectory: string): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await writeFile(join(stateDirectory, 'api.token'), `${token}\n`, { mode: 0o600 });
  return token;
}

/**
 * Lets only requests through that name a loopback host and carry the token (`Authorization: Bearer …`, RFC 6750).
 * A container in the host's network reaches loopback as well, hence the token.
 */
export function requireToken(token: string) {
  const expected = Buffer.from(`Bearer ${token}`);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (!LOOPBACK_HOSTS.has(request.hostname)) {
      await reply
        .code(421)
        .send(wrong('this API answers on loopback only', 'Ask for 127.0.0.1 or localhost.'));
      return;
    }
    const given = Buffer.from(request.headers.authorization ?? '');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      await reply
        .code(401)
        .header('www-authenticate', 'Bearer')
        .send(wrong('the token of STATE/api.token is needed', 'Send it as "Authorization: Bearer TOKEN".'));
    }
  };
}

function wrong(message: string, next: string) {
  return { error: { code: 'E_USAGE', message, next } };
}
