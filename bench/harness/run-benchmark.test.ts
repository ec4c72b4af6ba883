import { describe, expect, test } from 'vitest';
import type { Bar, Metric } from './benchmark.ts';
import { evaluate } from './run-benchmark.ts';

const samples = new Map([
  ['bare', [{ time: 10 }, { time: 20 }, { time: 30 }]],
  ['ours', [{ time: 11 }, { time: 20 }, { time: 36 }]],
  ['theirs', [{ time: 15 }, null]],
  ['absent', [null]],
]);

function metricWith(bars: Bar[], better: Metric['better'] = 'lower'): Metric {
  return { key: 'time', title: 'time', unit: 'ms', better, baseline: 'bare', bars };
}

function met(bar: Bar, better?: Metric['better']): boolean | undefined {
  return evaluate(metricWith([bar], better), samples).bars[0]?.met;
}

test('a variant is compared with the baseline round by round', () => {
  const { rows } = evaluate(metricWith([]), samples);
  expect(rows.map(({ variant, median }) => [variant, median])).toEqual([
    ['bare', 20],
    ['ours', 20],
    ['theirs', 15],
  ]);
  // 1.1, 1 and 1.2 in the three rounds; of the third variant there is one.
  expect(rows.map(({ ratio }) => ratio?.median ?? null)).toEqual([null, 1.1, 1.5]);
});

describe('a bar', () => {
  test('for the ratio looks at the median of the rounds', () => {
    expect(met({ kind: 'ratio', variant: 'ours', limit: 1.1 })).toBe(true);
    expect(met({ kind: 'ratio', variant: 'ours', limit: 1.09 })).toBe(false);
  });

  test('for a value looks at the median', () => {
    expect(met({ kind: 'value', variant: 'theirs', limit: 15 })).toBe(true);
    expect(met({ kind: 'value', variant: 'theirs', limit: 14 })).toBe(false);
  });

  test('against another variant compares the medians', () => {
    expect(met({ kind: 'versus', variant: 'theirs', other: 'ours' })).toBe(true);
    expect(met({ kind: 'versus', variant: 'ours', other: 'theirs' })).toBe(false);
    expect(met({ kind: 'versus', variant: 'theirs', other: 'ours', share: 0.75 })).toBe(true);
    expect(met({ kind: 'versus', variant: 'theirs', other: 'ours', share: 0.74 })).toBe(false);
  });

  test('is the other way round where more is better', () => {
    expect(met({ kind: 'ratio', variant: 'ours', limit: 1.2 }, 'higher')).toBe(false);
    expect(met({ kind: 'value', variant: 'theirs', limit: 14 }, 'higher')).toBe(true);
  });

  test('is missed by what could not be measured', () => {
    expect(met({ kind: 'value', variant: 'absent', limit: 1e9 })).toBe(false);
    expect(met({ kind: 'versus', variant: 'ours', other: 'absent' })).toBe(false);
  });
});
