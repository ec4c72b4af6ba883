import { request } from 'node:http';
import { messageOf, systemErrorCode } from '../src/kernel/index.ts';

/** What came back of a request. */
export interface Answer {
  /** HTTP status; 0 when no whole answer came. */
  readonly status: number;
  readonly body: string;
  /** Why no whole answer came, such as ECONNRESET, or `no answer within 2000 ms`. */
  readonly failure: string | null;
  readonly startedAt: number;
  /** Milliseconds since 1970, as startedAt. */
  readonly endedAt: number;
}

export interface GetOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_TIMEOUT_MS = 3000;
/** No page of the range is as long; more is not read. */
const LONGEST_BODY = 1_000_000;

/**
 * Gets a URL over a new connection, so that no pool hides an outage. Never throws: a failure is an answer,
 * too. Bytes that are not UTF-8 become U+FFFD.
 */
export function get(url: string, options: GetOptions = {}): Promise<Answer> {
  const startedAt = preciseNow();
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  return new Promise((resolve) => {
    const finish = (status: number, body: string, failure: string | null) =>
      resolve({ status, body, failure, startedAt, endedAt: preciseNow() });
    const fail = (error: unknown) =>
      finish(
        0,
        '',
        timeout.aborted ? `no answer within ${timeoutMs} ms` : (systemErrorCode(error) ?? messageOf(error)),
      );
    const outgoing = request(url, { agent: false, signal }, (incoming) => {
      const pieces: Buffer[] = [];
      let length = 0;
      incoming.on('data', (piece: Buffer) => {
        length += piece.length;
        if (length > LONGEST_BODY) incoming.destroy(new Error('answer too long'));
        else pieces.push(piece);
      });
      incoming.on('end', () =>
        finish(incoming.statusCode ?? 0, Buffer.concat(pieces).toString('utf8'), null),
      );
      incoming.on('error', fail);
    });
    outgoing.on('error', fail);
    outgoing.end();
  });
}

/** Milliseconds since 1970 with fractions, comparable with file times. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}
