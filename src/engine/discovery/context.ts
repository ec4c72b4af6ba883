import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemErrorCode } from '../../kernel/index.ts';
import type { EngineAddress, TlsFiles } from '../docker/address.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Name of the Docker context in force: DOCKER_CONTEXT, else `currentContext` of the client's configuration.
 * Null when it is the default one, which means no context at all.
 */
export function currentContext(env: Environment): string | null {
  const name = env.DOCKER_CONTEXT || configuredContext(env);
  return name === undefined || name === '' || name === 'default' ? null : name;
}

function configuredContext(env: Environment): string | undefined {
  try {
    const config: { currentContext?: string } = JSON.parse(
      readFileSync(join(dockerDirectory(env), 'config.json'), 'utf8'),
    );
    return config.currentContext;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Address of a context, from where the docker command keeps it: `contexts/meta/<sha256 of the name>/meta.json`
 * and the certificates in `contexts/tls/<same>/docker`.
 *
 * @throws {Error} when there is no such context, or it has no Docker endpoint
 */
export function contextAddress(env: Environment, name: string): EngineAddress {
  const directory = join(dockerDirectory(env), 'contexts');
  const id = createHash('sha256').update(name).digest('hex');
  const file = join(directory, 'meta', id, 'meta.json');
  if (!existsSync(file)) throw new Error(`there is no context "${name}" in ${directory}`);
  const meta: { Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } } } = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  const endpoint = meta.Endpoints?.docker;
  if (!endpoint?.Host) throw new Error(`the context "${name}" names no Docker endpoint`);
  const tls = tlsFiles(join(directory, 'tls', id, 'docker'), endpoint.SkipTLSVerify ?? false);
  return { endpoint: endpoint.Host, tls };
}

/** Address that DOCKER_HOST names, with the certificates of DOCKER_TLS_VERIFY and DOCKER_CERT_PATH. */
export function environmentAddress(env: Environment, host: string): EngineAddress {
  // The docker command takes any value but the empty one as yes.
  if (!env.DOCKER_TLS_VERIFY) return { endpoint: host, tls: null };
  const directory = env.DOCKER_CERT_PATH || dockerDirectory(env);
  return { endpoint: host, tls: tlsFiles(directory, false) };
}

function tlsFiles(directory: string, skipVerify: boolean): TlsFiles | null {
  const [ca = null, cert = null, key = null] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => {
    const file = join(directory, name);
    return existsSync(file) ? file : null;
  });
  if (ca === null && cert === null && key === null && !skipVerify) return null;
  return { ca, cert, key, skipVerify };
}

function dockerDirectory(env: Environment): string {
  return env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker');
}
