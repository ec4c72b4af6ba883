import { expect, test } from 'vitest';
import { figure, markdownReport, textReport } from './report.ts';
import type { BenchmarkResult } from './run-benchmark.ts';

const summary = { low: 9.5, high: 1234.5 };
const result: BenchmarkResult = {
  ...{ name: 'spawn', title: 'a program starts', rounds: 1, notes: ['a note'] },
  metrics: [
    {
      ...{ key: 'start', title: 'one start', unit: 'µs', better: 'lower', baseline: 'bare' },
      rows: [
        { variant: 'bare', samples: [10], median: 10, ...summary, ratio: null },
        { variant: 'a|b', samples: [11], median: 11, ...summary, ratio: { median: 1.1, low: 1, high: 1.2 } },
      ],
      bars: [{ text: 'a|b ≤ 1.05×', met: false }],
    },
  ],
  failures: [{ variant: 'theirs', reason: 'it is not there' }],
};

test('figures have three digits that count', () => {
  expect([0, 0.01234, 1.2345, 12.345, 123.45, 123_456, Number.NaN].map(figure)).toEqual([
    ...['0', '0.0123', '1.23', '12.3', '123', '123456', '-'],
  ]);
});

test('the report for people says what is missed and what was not measured', () => {
  const text = textReport(result);
  expect(text).toContain('1.10× (1.00–1.20)');
  expect(text).toContain('misses a|b ≤ 1.05×');
  expect(text).toContain('not measured: theirs: it is not there');
  expect(text).toContain('note: a note');
});

test('the report for a page is a table whose cells hold no bar', () => {
  const rows = markdownReport([result]).split('\n');
  expect(rows).toContain('| one start | bare | 10.0 µs | 9.50–1235 | 1 |');
  expect(rows).toContain('|  | a\\|b | 11.0 µs | 9.50–1235 | 1.10× (1.00–1.20) |');
  expect(rows.join('\n')).toContain('Wished for and missed: one start: a|b ≤ 1.05×.');
});
