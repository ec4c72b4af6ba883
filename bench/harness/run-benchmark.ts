import { printable } from '../../src/kernel/index.ts';
import type { Bench } from './bench.ts';
import type { Bar, Benchmark, Metric, Sample } from './benchmark.ts';
import { orderOfRound, pairedRatios, type Summary, summarise } from './statistics.ts';

export interface Row extends Summary {
  readonly variant: string;
  readonly samples: readonly number[];
  /** To the baseline, round by round; null without one, and for itself. */
  readonly ratio: Summary | null;
}

export interface BarResult {
  readonly text: string;
  readonly met: boolean;
}

export interface MetricResult {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  readonly baseline: string | null;
  readonly rows: readonly Row[];
  readonly bars: readonly BarResult[];
}

export interface BenchmarkResult {
  readonly name: string;
  readonly title: string;
  readonly rounds: number;
  readonly metrics: readonly MetricResult[];
  /** What has to be known to read the figures. */
  readonly notes: readonly string[];
  /** Variants that could not be measured, and why. */
  readonly failures: readonly { readonly variant: string; readonly reason: string }[];
}

/** Measures every variant of a benchmark in every round, in alternating order. */
export async function runBenchmark(benchmark: Benchmark, given: Bench): Promise<BenchmarkResult> {
  const notes = new Set<string>();
  const bench: Bench = { ...given, note: (sentence) => notes.add(sentence) };
  const rounds = benchmark.rounds[bench.quick ? 'quick' : 'full'];
  const samples = new Map<string, (Sample | null)[]>(benchmark.variants.map((variant) => [variant, []]));
  const failures: { variant: string; reason: string }[] = [];
  await using prepared = await benchmark.prepare(bench);
  for (let round = 0; round < rounds; round++) {
    for (const variant of orderOfRound(benchmark.variants, round)) {
      if (failures.some((failure) => failure.variant === variant)) continue;
      bench.signal.throwIfAborted();
      bench.say(`${benchmark.name}: round ${round + 1} of ${rounds}, ${variant}`);
      let sample: Sample | null = null;
      try {
        sample = await prepared.sample(variant);
      } catch (error) {
        bench.signal.throwIfAborted();
        const reason = printable(error instanceof Error ? error.message : String(error));
        failures.push({ variant, reason });
        bench.say(`${benchmark.name}: ${variant} cannot be measured: ${reason}`);
      }
      samples.get(variant)?.push(sample);
    }
  }
  const metrics = benchmark.metrics.map((metric) => evaluate(metric, samples));
  return { name: benchmark.name, title: benchmark.title, rounds, metrics, notes: [...notes], failures };
}

/** Exported for its tests. */
export function evaluate(
  metric: Metric,
  samples: ReadonlyMap<string, readonly (Sample | null)[]>,
): MetricResult {
  const valuesOf = (variant: string) =>
    (samples.get(variant) ?? []).map((sample) => sample?.[metric.key] ?? null);
  const rows: Row[] = [];
  for (const variant of samples.keys()) {
    const values = valuesOf(variant);
    const present = values.filter((value) => value !== null);
    if (present.length === 0) continue;
    const ratios =
      metric.baseline === undefined || metric.baseline === variant
        ? []
        : pairedRatios(values, valuesOf(metric.baseline));
    const ratio = ratios.length === 0 ? null : summarise(ratios);
    rows.push({ variant, samples: present, ...summarise(present), ratio });
  }
  const { key, title, unit, better, baseline = null } = metric;
  return {
    ...{ key, title, unit, better, baseline, rows },
    bars: (metric.bars ?? []).map((bar) => judge(bar, metric, rows)),
  };
}

function judge(bar: Bar, { better, unit }: Metric, rows: readonly Row[]): BarResult {
  const find = (variant: string) => rows.find((row) => row.variant === variant);
  const row = find(bar.variant);
  const [atMost, within] =
    better === 'lower'
      ? ['≤', (value: number, limit: number) => value <= limit]
      : ['≥', (value: number, limit: number) => value >= limit];
  const result = (text: string, value: number | undefined, limit: number | undefined): BarResult => ({
    text: `${bar.variant} ${text}`,
    met: value !== undefined && limit !== undefined && within(value, limit),
  });
  switch (bar.kind) {
    case 'ratio':
      return result(`${atMost} ${bar.limit}×`, row?.ratio?.median, bar.limit);
    case 'value':
      return result(`${atMost} ${bar.limit} ${unit}`, row?.median, bar.limit);
    case 'worst': {
      const extreme = better === 'lower' ? Math.max : Math.min;
      const value = row === undefined ? undefined : extreme(...row.samples);
      return result(
        `${atMost} ${bar.limit} ${unit} every time (${value ?? 'not measured'})`,
        value,
        bar.limit,
      );
    }
    case 'versus': {
      const { other, share = 1 } = bar;
      const than = share === 1 ? other : `${share} of ${other}`;
      return result(`no worse than ${than}`, row?.median, (find(other)?.median ?? Number.NaN) * share);
    }
  }
}
