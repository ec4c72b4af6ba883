/** What a benchmark is; run-benchmark.ts runs it. */
import type { Bench } from './bench.ts';

/** What is wished for. */
export type Bar =
  /** The variant's ratio to the metric's baseline. */
  | { readonly kind: 'ratio'; readonly variant: string; readonly limit: number }
  /** The variant's median itself, in the metric's unit. */
  | { readonly kind: 'value'; readonly variant: string; readonly limit: number }
  /** No sample of the variant is worse. */
  | { readonly kind: 'worst'; readonly variant: string; readonly limit: number }
  /** The variant's median is no worse than another variant's, or than a share of that. */
  | { readonly kind: 'versus'; readonly variant: string; readonly other: string; readonly share?: number };

export interface Metric {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** The variant that the others are compared with, when they are. */
  readonly baseline?: string;
  readonly bars?: readonly Bar[];
}

/** One measurement: a number for each metric's key; a metric that the variant does not have is left out. */
export type Sample = Readonly<Record<string, number>>;

/** A benchmark that is ready to be measured; disposing it removes what it made. */
export interface Prepared extends AsyncDisposable {
  /** Measures once, in processes of its own. A variant that throws is left out from then on, and that is told. */
  sample(variant: string): Promise<Sample>;
}

export interface Benchmark {
  readonly name: string;
  /** What is measured and how, for people. */
  readonly title: string;
  readonly variants: readonly string[];
  readonly metrics: readonly Metric[];
  /** Samples of each variant, in a real run and in a quick one. */
  readonly rounds: { readonly full: number; readonly quick: number };
  /** Debian packages that it needs. */
  readonly packages?: readonly string[];
  prepare(bench: Bench): Promise<Prepared>;
}
