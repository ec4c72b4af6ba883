import type { SecretSource } from '../../contract/index.ts';
import { systemErrorCode, version } from '../../kernel/index.ts';
import { DeliveryError, type TargetDependencies } from '../port.ts';
import { readSecret } from '../secrets.ts';

export interface PostOptions {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What a receiver's pause may be at most. */
const MAX_RETRY_AFTER_MS = 3_600_000;
/** Answers that say "not now", beside those from 500 on. */
const NOT_NOW = [408, 425, 429];

/**
 * Posts JSON, and takes any answer from 200 to 299 as a yes. Redirects are not followed: they would carry the
 * message, and a secret in its headers, to whoever the receiver names.
 *
 * @throws {DeliveryError}
 */
export async function post({ url, body, headers, timeoutMs, signal }: PostOptions): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': `pristine/${version}`,
        ...headers,
      },
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
  } catch (error) {
    throw new DeliveryError(`${hostOf(url)}: ${reasonOf(error, timeoutMs)}`, { cause: error });
  }
  // Nobody wants to know what it says, nor how much that is.
  await response.body?.cancel().catch(() => {});
  const { status } = response;
  if (status >= 200 && status <= 299) return;
  const redirected = status >= 300 && status <= 399 ? ', a redirect, which is not followed' : '';
  throw new DeliveryError(`${hostOf(url)} answered ${status}${redirected}`, {
    refused: status < 500 && !NOT_NOW.includes(status),
    ...retryAfter(response.headers.get('retry-after')),
  });
}

/** The address that a target is configured with, in full or as a secret. */
export async function urlOf(url: string | SecretSource, env: TargetDependencies['env']): Promise<string> {
  const text = typeof url === 'string' ? url : await readSecret(url, env);
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    throw new DeliveryError('the address is none: it must begin with http:// or https://');
  }
  return text;
}

export async function bearerHeader(
  source: SecretSource | undefined,
  env: TargetDependencies['env'],
): Promise<Record<string, string>> {
  return source === undefined ? {} : { authorization: `Bearer ${await readSecret(source, env)}` };
}

/** The rest of an address may be a secret. */
function hostOf(url: string): string {
  return new URL(url).host;
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  if (error instanceof Error && error.name === 'AbortError') return 'interrupted';
  const cause = error instanceof Error ? error.cause : undefined;
  return systemErrorCode(cause) ?? 'the request failed';
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function retryAfter(header: string | null): { retryAfterMs?: number } {
  if (header === null) return {};
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? { retryAfterMs: Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) } : {};
}
