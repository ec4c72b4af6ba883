import { get } from '../http-client.ts';
import { readPage } from './page.ts';

/** What visitors of the site got, one every few milliseconds. */
export interface VisitorReport {
  readonly visits: number;
  /** Visits that got the pristine page. */
  readonly served: number;
  /** Visits that got another page. */
  readonly defaced: number;
  /** Visits that got no answer, or an error. */
  readonly failed: number;
  /** The longest time in which no visitor got an answer, in milliseconds. */
  readonly longestOutageMs: number;
  /** From the first to the last visitor who got another page, in milliseconds. */
  readonly defacedMs: number;
}

export interface Prober {
  /** Ends the visits, waits for those under way, and reports. */
  stop(): Promise<VisitorReport>;
}

interface Visit {
  readonly endedAt: number;
  readonly got: 'page' | 'defaced' | 'nothing';
}

const EVERY_MS = 50;
const PATIENCE_MS = 2000;

/** Sends a visitor to the front page every 50 ms, whether or not those before have been served. */
export function startProber(url: string, pristineContent: string): Prober {
  const visits: Promise<Visit>[] = [];
  const visitOnce = async (): Promise<Visit> => {
    const answer = await get(`${url}/`, { timeoutMs: PATIENCE_MS });
    if (answer.status !== 200) return { endedAt: answer.endedAt, got: 'nothing' };
    const same = readPage(answer.body).content === pristineContent;
    return { endedAt: answer.endedAt, got: same ? 'page' : 'defaced' };
  };
  visits.push(visitOnce());
  const timer = setInterval(() => visits.push(visitOnce()), EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      return summarise(await Promise.all(visits));
    },
  };
}

/** Sums up visits; exported for its tests. */
export function summarise(visits: readonly Visit[]): VisitorReport {
  const answered = visits.filter(({ got }) => got !== 'nothing').sort((a, b) => a.endedAt - b.endedAt);
  const gaps = answered.slice(1).map((visit, i) => visit.endedAt - (answered[i]?.endedAt ?? visit.endedAt));
  const defaced = answered.filter(({ got }) => got === 'defaced');
  return {
    visits: visits.length,
    served: answered.length - defaced.length,
    defaced: defaced.length,
    failed: visits.length - answered.length,
    longestOutageMs: Math.max(0, ...gaps),
    defacedMs: (defaced.at(-1)?.endedAt ?? 0) - (defaced[0]?.endedAt ?? 0),
  };
}
