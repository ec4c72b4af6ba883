/** What clients had of a recovery, from the requests that they made meanwhile. */

/** One request; times by {@link monotonicMs}. */
export interface Probe {
  readonly begun: number;
  readonly ended: number;
  /** With the page. */
  readonly answered: boolean;
  /** In the system's words; null when answered. */
  readonly failure: string | null;
}

export interface Verdict {
  /** Between an answer and the next one, in milliseconds. */
  readonly gap: number;
  /** Requests that were refused, reset, or never answered. */
  readonly lost: number;
  /** From the beginning of a request to its answer, in milliseconds. */
  readonly worst: number;
}

/** CLOCK_MONOTONIC, which is the same in all processes, in milliseconds. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** @throws when too little was answered to say anything */
export function judge(probes: readonly Probe[]): Verdict {
  const answered = probes.filter((probe) => probe.answered);
  if (answered.length < 2) throw new Error(`${answered.length} of ${probes.length} requests were answered`);
  const ends = answered.map((probe) => probe.ended).sort((a, b) => a - b);
  return {
    gap: Math.max(...ends.slice(1).map((end, index) => end - (ends[index] ?? end))),
    lost: probes.length - answered.length,
    worst: Math.max(...answered.map((probe) => probe.ended - probe.begun)),
  };
}
