/** A scenario, struck at many of its points; and the table of what came of it. */
import type { CrashHost } from './host.ts';
import { crash, type Outcome, pointsOf } from './matrix.ts';
import type { Scenario } from './scenarios.ts';

export interface Sweep {
  readonly scenario: Scenario;
  /** Moments at which it can be struck. */
  readonly points: number;
  readonly outcomes: readonly Outcome[];
}

export interface SweepOptions {
  /** The same seed chooses the same points and second crashes. */
  readonly seed: number;
  /** Every how manyeth point is struck; the others are when another seed is given. */
  readonly every: (points: number) => number;
}

/** Strikes points of a scenario: each once alone and once with a second crash, or, unless all are struck, in turn. */
export async function sweep(
  host: CrashHost,
  scenario: Scenario,
  { seed, every }: SweepOptions,
): Promise<Sweep> {
  const random = randomFrom(seed);
  const undisturbed = await crash(host, { scenario, strike: undefined });
  const points = pointsOf(undisturbed);
  const step = every(points.length);
  const outcomes = [undisturbed];
  for (let at = random(step); at < points.length; at += step) {
    const left = points.length - at;
    const seconds = [undefined, 1 + random(Math.max(left, 20))];
    // All that can be: what a second crash hides would be seen after one.
    const chosen = step === 1 ? seconds : [seconds[outcomes.length % 2]];
    for (const second of chosen) {
      const outcome = await crash(host, { scenario, strike: points[at], second });
      outcomes.push(outcome);
      if (outcome.wrong.length > 0) console.error(sentenceOf(outcome));
    }
  }
  return { scenario, points: points.length, outcomes };
}

export function sentenceOf({ scenario, strike, struck, wrong }: Outcome): string {
  const where = struck.length > 0 ? struck.join(', then ') : `no strike (${JSON.stringify(strike)})`;
  return `${scenario.name}: ${where}: ${wrong.join('; ')}`;
}

export function tableOf(sweeps: readonly Sweep[]): string {
  const rows = sweeps.map(({ scenario, points, outcomes }) => [
    scenario.name,
    points,
    outcomes.filter(({ struck }) => struck.length > 0).length,
    outcomes.reduce((sum, { struck }) => sum + struck.length, 0),
    outcomes.filter(({ struck, wrong }) => struck.length > 0 && wrong.length === 0).length,
  ]);
  const total = [
    'all',
    ...[1, 2, 3, 4].map((column) => rows.reduce((sum, row) => sum + Number(row[column]), 0)),
  ];
  const lines = [['scenario', 'points', 'runs struck', 'kills', 'ended right'], ...rows, total];
  return lines
    .map(
      ([name, ...cells]) =>
        `${String(name).padEnd(44)}${cells.map((cell) => String(cell).padStart(13)).join('')}`,
    )
    .join('\n');
}

/** Whole numbers below a bound, the same for the same seed (xorshift32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
