import type { ProcessFigures } from '../support/process-figures.ts';
import type { Sample, SoakReport } from './soak.ts';

/** Beyond what a count varies by from one moment to the next, with a handful of containers alive. */
const ALLOWED = {
  /** Bytes; a garbage collector takes its time. */
  rss: { share: 0.15, more: 24 << 20 },
  descriptors: { share: 0.25, more: 24 },
  marks: { share: 0.25, more: 24 },
  leases: { share: 0.25, more: 24 },
} as const;

type Figure = keyof typeof ALLOWED;
const FIGURES = Object.keys(ALLOWED) as Figure[];

/** What has grown from the second quarter to the last, or was not given back at the end; each a sentence. */
export function growth({ baseline, samples, end }: SoakReport): string[] {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const [early, late] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)];
  const sentences: string[] = [];
  for (const who of ['guard', 'enforcer'] as const) {
    for (const figure of FIGURES) {
      const [before, after] = [median(early, who, figure), median(late, who, figure)];
      const { share, more } = ALLOWED[figure];
      if (after > before * (1 + share) + more)
        sentences.push(`${figure} of the ${who} grew from ${before} to ${after}`);
    }
    for (const figure of ['marks', 'leases'] as const) {
      if (end[who][figure] > baseline[who][figure])
        sentences.push(
          `${figure} of the ${who} were ${baseline[who][figure]} at first, and ${end[who][figure]} at the end`,
        );
    }
  }
  return sentences;
}

function median(samples: readonly Sample[], who: 'guard' | 'enforcer', figure: keyof ProcessFigures): number {
  const sorted = samples.map((sample) => sample[who][figure]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
