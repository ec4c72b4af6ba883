/** What is said of a list of measurements. */
export interface Summary {
  readonly median: number;
  /** The 10th percentile. */
  readonly low: number;
  /** The 90th percentile. */
  readonly high: number;
}

/**
 * The value below which a share (0 to 1) of the samples lies, interpolated between neighbours as R and NumPy do by
 * default (type 7 of Hyndman and Fan 1996). NaN for no samples.
 */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export function summarise(samples: readonly number[]): Summary {
  return { median: quantile(samples, 0.5), low: quantile(samples, 0.1), high: quantile(samples, 0.9) };
}

/**
 * Sample by sample against the baseline's of the same round: a machine that becomes slower in the course of a run
 * makes both slower, and the ratio stays. Rounds that only one of them has are left out.
 */
export function pairedRatios(
  samples: readonly (number | null)[],
  baseline: readonly (number | null)[],
): number[] {
  return samples.flatMap((value, round) => {
    const base = baseline[round];
    return value === null || base === null || base === undefined || base === 0 ? [] : [value / base];
  });
}

/**
 * The order in which a round takes the variants: each round begins with the next one, and every other round goes
 * backwards, so that no variant always follows the same one.
 */
export function orderOfRound<T>(variants: readonly T[], round: number): T[] {
  const first = round % Math.max(1, variants.length);
  const rotated = [...variants.slice(first), ...variants.slice(0, first)];
  return round % 2 === 0 ? rotated : rotated.reverse();
}
