/** The results for people, for the README, and for scripts. */
import type { BenchmarkResult, MetricResult, Row } from './run-benchmark.ts';

/** Three significant digits, without an exponent. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 4));
}

function cells(metric: MetricResult, row: Row): string[] {
  const ratio = row.ratio;
  return [
    row.variant,
    `${figure(row.median)} ${metric.unit}`,
    `${figure(row.low)}–${figure(row.high)}`,
    ratio !== null
      ? `${ratio.median.toFixed(2)}× (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`
      : row.variant === metric.baseline
        ? '1'
        : '',
    String(row.samples.length),
  ];
}

const HEADER = ['', 'median', '10th–90th percentile', 'against the baseline', 'samples'];

/** A table for a terminal. */
export function textReport(result: BenchmarkResult): string {
  const lines = [`\n${result.name}: ${result.title}`];
  for (const metric of result.metrics) {
    const table = [HEADER, ...metric.rows.map((row) => cells(metric, row))];
    const widths = HEADER.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
    lines.push(`  ${metric.title}`);
    for (const row of table) {
      lines.push(
        `    ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`.trimEnd(),
      );
    }
    for (const bar of metric.bars) lines.push(`    ${bar.met ? 'meets ' : 'misses'} ${bar.text}`);
  }
  for (const { variant, reason } of result.failures) lines.push(`  not measured: ${variant}: ${reason}`);
  for (const note of result.notes) lines.push(`  note: ${note}`);
  return lines.join('\n');
}

/** Tables in Markdown, one a benchmark, its metrics below each other. */
export function markdownReport(results: readonly BenchmarkResult[]): string {
  return results.map(markdownOf).join('\n\n');
}

function markdownOf(result: BenchmarkResult): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const lines = [
    `**${result.name}**: ${result.title}.`,
    '',
    '| | | median | 10th–90th percentile | against the baseline |',
    '| --- | --- | ---: | ---: | ---: |',
  ];
  for (const metric of result.metrics) {
    for (const [index, row] of metric.rows.entries()) {
      const [variant = '', median = '', spread = '', ratio = ''] = cells(metric, row);
      const title = index === 0 ? metric.title : '';
      lines.push(`| ${[title, variant, median, spread, ratio].map(cell).join(' | ')} |`);
    }
  }
  const missed = result.metrics.flatMap(({ title, bars }) =>
    bars.filter(({ met }) => !met).map(({ text }) => `${title}: ${text}`),
  );
  if (missed.length > 0) lines.push('', `Wished for and missed: ${missed.join('; ')}.`);
  for (const { variant, reason } of result.failures) lines.push('', `Not measured: ${variant}: ${reason}`);
  for (const note of result.notes) lines.push('', `${note}.`);
  return lines.join('\n');
}
