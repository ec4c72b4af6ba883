import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { DockerOptions } from 'dockerode';

/** Files of a client certificate; `null` members are left to the system's trust store. */
export interface TlsFiles {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** The server's certificate is not checked; only a Docker context can ask for that. */
  readonly skipVerify: boolean;
}

/** Where an engine answers, and how to prove who we are. */
export interface EngineAddress {
  /** `unix://…`, `tcp://…` or `ssh://…`, without a password. */
  readonly endpoint: string;
  readonly tls: TlsFiles | null;
}

/** Whether the engine's socket is a file of this machine. */
export function isLocal(address: EngineAddress): boolean {
  return address.endpoint.startsWith('unix://');
}

/**
 * Connection options for an address as `DOCKER_HOST` has it: `unix://PATH`, `tcp://HOST:PORT`,
 * `http(s)://HOST:PORT`, `ssh://USER@HOST[:PORT]` or `HOST:PORT`. The library would otherwise mix in the
 * process's own DOCKER_HOST, so every option is set.
 *
 * @throws {Error} when it is none of these, or a certificate cannot be read
 */
export function connectionOptions(address: EngineAddress): DockerOptions {
  const none = { socketPath: undefined, host: undefined, port: undefined, pathPrefix: '/' };
  const text = address.endpoint.includes('://') ? address.endpoint : `tcp://${address.endpoint}`;
  if (text.startsWith('unix://')) {
    const socketPath = text.slice('unix://'.length);
    if (!socketPath.startsWith('/')) throw new Error(`"${text}" names no absolute path`);
    return { ...none, socketPath, protocol: 'http' } as DockerOptions;
  }
  const url = parseUrl(text);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (url.protocol === 'ssh:') {
    return {
      ...none,
      protocol: 'ssh',
      host,
      port: Number(url.port) || 22,
      username: decodeURIComponent(url.username) || userInfo().username,
      sshOptions: sshOptions(),
    } as DockerOptions;
  }
  if (!['tcp:', 'http:', 'https:'].includes(url.protocol)) {
    throw new Error(`"${text}" is neither unix://, tcp:// nor ssh://`);
  }
  const secure = address.tls !== null || url.protocol === 'https:';
  return {
    ...none,
    protocol: secure ? 'https' : 'http',
    host,
    port: Number(url.port) || (secure ? 2376 : 2375),
    pathPrefix: url.pathname || '/',
    ...certificates(address.tls),
  } as DockerOptions;
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new Error(`"${text}" is not an address`);
  }
}

function certificates(tls: TlsFiles | null): object {
  if (tls === null) return {};
  const read = (file: string | null) => (file === null ? undefined : readFileSync(file));
  const files = { ca: read(tls.ca), cert: read(tls.cert), key: read(tls.key) };
  return tls.skipVerify ? { agent: new Agent({ ...files, rejectUnauthorized: false }) } : files;
}

/** The agent of the session if there is one, else the first private key of the user. */
function sshOptions(): object {
  const agent = process.env.SSH_AUTH_SOCK;
  if (agent !== undefined) return { agent };
  for (const name of ['id_ed25519', 'id_ecdsa', 'id_rsa']) {
    try {
      return { privateKey: readFileSync(join(homedir(), '.ssh', name)) };
    } catch {
      // The next one may be there.
    }
  }
  return {};
}
