import Docker from 'dockerode';
import { printable } from '../../kernel/index.ts';
import { connectionOptions, type EngineAddress } from './address.ts';
import { engineFailure } from './failures.ts';

/** API version whose answers this adapter was written for; newer engines are asked to speak it. */
const WANTED_API = '1.41';

/** A request that ought to be quick and has not been answered for so long means that the engine hangs. */
const QUICK_TIMEOUT_MS = 60_000;

/** A connection to one engine. */
export interface Client {
  readonly address: EngineAddress;
  /** For requests that are answered at once. */
  readonly quick: Docker;
  /** For streams and for work of unknown length: no time-out. */
  readonly patient: Docker;
  /** Awaits a request and puts its failure into our own words; `what` says what was tried. */
  ask<T>(what: string, request: Promise<T>): Promise<T>;
}

export interface ClientVersion {
  /** Name of the engine, e.g. `Docker Engine`. */
  readonly product: string;
  readonly version: string;
  readonly apiVersion: string;
}

/**
 * Connects to an engine and agrees on an API version.
 *
 * @param timeoutMs bound on the wait for the first answer
 * @throws whatever the connection failed with, unmapped, for the discovery to tell
 */
export async function connect(address: EngineAddress, timeoutMs: number): Promise<Client & ClientVersion> {
  const options = connectionOptions(address);
  const first = new Docker(options);
  const answer = await firstAnswer(first, timeoutMs);
  const version = `v${agreedVersion(answer.MinAPIVersion, answer.ApiVersion)}`;
  return {
    address,
    product: productOf(answer),
    version: answer.Version,
    apiVersion: version.slice(1),
    quick: new Docker({ ...options, version, timeout: QUICK_TIMEOUT_MS }),
    patient: new Docker({ ...options, version }),
    ask: (what, request) =>
      request.catch((error: unknown) => {
        throw engineFailure(error, what, address.endpoint);
      }),
  };
}

async function firstAnswer(docker: Docker, timeoutMs: number): Promise<VersionAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const answer = (await docker.version({ abortSignal: signal } as never)) as unknown;
    if (isVersionAnswer(answer)) return answer;
  } catch (error) {
    if (signal.aborted) throw new Error(`no answer in ${timeoutMs / 1000} s`, { cause: error });
    throw error;
  }
  throw new Error('what answers there is no container engine');
}

interface VersionAnswer {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
  readonly Components?: readonly { readonly Name: string }[];
}

/** Docker calls its own first component just `Engine`, others that speak its API have names of their own. */
function productOf(answer: VersionAnswer): string {
  const name = answer.Components?.[0]?.Name ?? 'Engine';
  return name === 'Engine' ? 'Docker Engine' : printable(name);
}

function isVersionAnswer(answer: unknown): answer is VersionAnswer {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'Version' in answer &&
    typeof answer.Version === 'string' &&
    'ApiVersion' in answer &&
    typeof answer.ApiVersion === 'string'
  );
}

/** The wanted version, or the nearest to it that the engine speaks. */
export function agreedVersion(lowest: string | undefined, highest: string): string {
  if (minor(highest) < minor(WANTED_API)) return highest;
  if (lowest !== undefined && minor(lowest) > minor(WANTED_API)) return lowest;
  return WANTED_API;
}

function minor(version: string): number {
  return Number(version.split('.')[1] ?? 0);
}
