import { expect, test } from 'vitest';
import type { ProcessFigures } from '../support/process-figures.ts';
import { growth } from './growth.ts';
import type { Sample, SoakReport } from './soak.ts';

const figures: ProcessFigures = {
  pid: 1,
  rss: 100 << 20,
  peak: 120 << 20,
  descriptors: 30,
  marks: 4,
  leases: 0,
  cpuMs: 0,
};
const sample = (enforcer: Partial<ProcessFigures> = {}): Sample => ({
  at: 0,
  lives: 0,
  guard: figures,
  enforcer: { ...figures, ...enforcer },
});
const report = (samples: Sample[], end = sample()): SoakReport => ({
  ...{ baseline: sample(), samples, end },
  ...{ lives: 0, tried: 0, ranBefore: 0, ranAfter: 0, events: {}, wrong: [] },
});

test('what stays as it is, or varies, has not grown', () => {
  expect(growth(report(Array.from({ length: 40 }, (_, i) => sample({ leases: (i * 7) % 20 }))))).toEqual([]);
});

test.each(['rss', 'descriptors', 'marks', 'leases'] as const)('%s that grow are told', (figure) => {
  const samples = Array.from({ length: 40 }, (_, i) =>
    sample({ [figure]: figures[figure] + i * (figure === 'rss' ? 8 << 20 : 8) }),
  );
  expect(growth(report(samples))).toEqual([expect.stringMatching(`^${figure} of the enforcer grew`)]);
});

test('a mark and a lease that stay are told', () => {
  const end = sample({ marks: 5, leases: 1 });
  expect(
    growth(
      report(
        Array.from({ length: 8 }, () => sample()),
        end,
      ),
    ),
  ).toEqual([
    'marks of the enforcer were 4 at first, and 5 at the end',
    'leases of the enforcer were 0 at first, and 1 at the end',
  ]);
});
