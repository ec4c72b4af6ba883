import { setTimeout as sleep } from 'node:timers/promises';
import { get, preciseNow } from '../http-client.ts';
import { throughShell } from './payloads.ts';

export interface FootholdReport {
  /** When the downloaded shell first and last answered, in milliseconds since 1970; null if it never did. */
  readonly firstAnswerAt: number | null;
  readonly lastAnswerAt: number | null;
  /** How often the site refused to run the shell although it is there (status 403 or 500). */
  readonly refusals: number;
  /** When the site first answered without a shell, after the shell had been there or nothing could be reached. */
  readonly goneAt: number | null;
}

export interface Foothold {
  /** Resolves when the site answers again but its shell is gone. */
  readonly gone: Promise<void>;
  stop(): Promise<FootholdReport>;
}

const EVERY_MS = 20;

/** Keeps asking the shell whether it is still there, as an attacker's control server does. */
export function holdFoothold(url: string): Foothold {
  const stopped = new AbortController();
  const report: { -readonly [K in keyof FootholdReport]: FootholdReport[K] } = {
    firstAnswerAt: null,
    lastAnswerAt: null,
    refusals: 0,
    goneAt: null,
  };
  const { promise: gone, resolve: tellGone } = Promise.withResolvers<void>();
  let unreachable = false;
  const ask = async () => {
    const answer = await get(url + throughShell('echo alive'), { timeoutMs: 300, signal: stopped.signal });
    if (stopped.signal.aborted) return;
    if (answer.status === 200 && answer.body.trim() === 'alive') {
      report.firstAnswerAt ??= answer.endedAt;
      report.lastAnswerAt = answer.endedAt;
    } else if (answer.failure !== null) {
      unreachable = true;
    } else if (answer.status === 403 || answer.status === 500) {
      report.refusals += 1;
    } else if (
      answer.status === 404 &&
      (unreachable || report.refusals > 0 || report.lastAnswerAt !== null)
    ) {
      report.goneAt ??= preciseNow();
      tellGone();
    }
  };
  const loop = async () => {
    while (!stopped.signal.aborted && report.goneAt === null) {
      await ask();
      await sleep(EVERY_MS);
    }
  };
  const running = loop();
  return {
    gone,
    async stop() {
      stopped.abort();
      await running;
      return report;
    },
  };
}
