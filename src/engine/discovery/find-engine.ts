import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, PristineError, redactUrl, systemErrorCode } from '../../kernel/index.ts';
import { DEFAULT_SOCKET } from '../default-socket.ts';
import type { EngineAddress } from '../docker/address.ts';
import { connectDocker } from '../docker/docker-engine.ts';
import { permissionFailure } from '../docker/failures.ts';
import type { Engine } from '../port.ts';
import { enginePaths } from '../private/paths.ts';
import { contextAddress, currentContext, type Environment, environmentAddress } from './context.ts';

export interface FindEngineOptions {
  readonly env: Environment;
  /** Its private engine is the last place; notes about frozen containers are kept there too. */
  readonly stateDirectory: string;
  /** `false` leaves the private engine out. */
  readonly privateEngine?: boolean;
  /** Path of the default socket; for tests. */
  readonly defaultSocket?: string;
}

/** Bounds on the wait for a first answer; ssh has to shake hands. */
const TIMEOUT_MS = 3000;
const SSH_TIMEOUT_MS = 15_000;

interface Place {
  readonly foundBy: string;
  /** Fit for a message; null where only `address` tells why there is none. */
  readonly endpoint: string | null;
  /** What to do about it when it is explicit and does not answer. */
  readonly next?: string;
  /** The user named this one: any other would be a different engine than the one asked for. */
  readonly explicit: boolean;
  address(): EngineAddress;
}

/**
 * The engine to work with: DOCKER_HOST, the current Docker context, the default socket, the private engine of
 * the state directory; the first that answers.
 *
 * @throws {PristineError} E_NO_ENGINE with every place and why it failed; E_ENGINE_PERMISSION when one is there
 *   that this user may not talk to
 */
export async function findEngine(options: FindEngineOptions): Promise<Engine> {
  const failures: { place: Place; error: unknown }[] = [];
  for (const place of places(options)) {
    try {
      const address = place.address();
      return await connectDocker({
        address,
        foundBy: place.foundBy,
        notesDirectory: join(options.stateDirectory, 'frozen'),
        timeoutMs: address.endpoint.startsWith('ssh:') ? SSH_TIMEOUT_MS : TIMEOUT_MS,
      });
    } catch (error) {
      failures.push({ place, error });
      if (place.explicit) break;
    }
  }
  throw noEngine(failures);
}

function* places(options: FindEngineOptions): Generator<Place> {
  const { env, stateDirectory, privateEngine = true, defaultSocket = DEFAULT_SOCKET } = options;
  const host = env.DOCKER_HOST;
  if (host) {
    const address = () => environmentAddress(env, host);
    const next = 'Start that engine, correct DOCKER_HOST, or unset it so that other places are tried.';
    yield { foundBy: 'DOCKER_HOST', endpoint: redactUrl(host), explicit: true, next, address };
  }
  const context = contextPlace(env);
  if (context !== null) yield context;
  yield socketPlace('default socket', defaultSocket);
  const { socket } = enginePaths(stateDirectory);
  if (privateEngine && existsSync(socket)) yield socketPlace('private engine', socket);
}

function contextPlace(env: Environment): Place | null {
  const explicit = Boolean(env.DOCKER_CONTEXT);
  try {
    const name = currentContext(env);
    if (name === null) return null;
    const next =
      'Start that engine, or name another context: "docker context ls" lists them. Without DOCKER_CONTEXT other places are tried.';
    const place = { foundBy: `context ${name}`, explicit, next };
    try {
      const address = contextAddress(env, name);
      return { ...place, endpoint: redactUrl(address.endpoint), address: () => address };
    } catch (error) {
      return { ...place, endpoint: null, address: rethrow(error) };
    }
  } catch (error) {
    const endpoint = "the docker command's config.json";
    return { foundBy: 'current context', endpoint, explicit, address: rethrow(error) };
  }
}

function rethrow(error: unknown): () => never {
  return () => {
    throw error;
  };
}

function socketPlace(foundBy: string, path: string): Place {
  const endpoint = `unix://${path}`;
  return { foundBy, endpoint, explicit: false, address: () => ({ endpoint, tls: null }) };
}

function noEngine(failures: readonly { place: Place; error: unknown }[]): PristineError {
  const refused = failures.find(({ error }) => isPermission(error));
  if (refused !== undefined)
    return permissionFailure(refused.place.endpoint ?? refused.place.foundBy, refused.error);
  const tried = failures.map(({ place: { foundBy, endpoint }, error }) => {
    return `${foundBy}${endpoint === null ? '' : ` (${endpoint})`}: ${reason(error)}`;
  });
  const explicit = failures.find(({ place }) => place.explicit)?.place;
  return new PristineError('E_NO_ENGINE', `no container engine answers; tried ${tried.join('; ')}`, {
    next:
      explicit?.next ?? 'Start Docker, set DOCKER_HOST, or start a private engine with "pristine engine up".',
    cause: failures.at(-1)?.error,
  });
}

function isPermission(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(systemErrorCode(error) ?? '');
}

function reason(error: unknown): string {
  const code = systemErrorCode(error);
  if (code === 'ENOENT') return 'not there';
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND') return 'no host has that name';
  return messageOf(error) || code || 'no answer';
}
