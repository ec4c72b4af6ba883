import { printable } from '../../src/kernel/index.ts';
import { duration } from '../task.ts';
import type { CorpusResult } from './run-service.ts';

const HEADER = [
  'service',
  'hardened',
  'writable before',
  'writable after',
  'exec',
  'capabilities',
  'user',
  'took',
];

/** The table of the results, and below it why a service is not hardened. */
export function corpusTable(results: readonly CorpusResult[]): string {
  const rows = [HEADER, ...results.map(cells)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const reasons = results.flatMap(({ service, reasons }) =>
    reasons.map((reason) => `${service}: ${printable(reason)}`),
  );
  const count = results.filter(({ hardened }) => hardened).length;
  return [...table, '', `${count} of ${results.length} hardened`, ...reasons].join('\n');
}

function cells({ service, hardened, writableBefore, plan, tookMs }: CorpusResult): string[] {
  const start = [service, hardened ? 'yes' : 'NO', writableBefore.join(' ') || '-'];
  if (plan === null) return [...start, '-', '-', '-', '-', duration(tookMs || null)];
  const { mounts, capabilities, user } = plan.configuration;
  const places = mounts.map(({ path, kind }) => (kind === 'volume' ? `${path} (volume)` : path));
  const exec = mounts.filter((mount) => mount.exec).map(({ path }) => path);
  return [
    ...start,
    places.map(printable).join(' ') || 'none',
    exec.map(printable).join(' ') || 'none',
    capabilities === null ? 'as before' : capabilities.join(' ') || 'none',
    user ?? 'as before',
    duration(tookMs),
  ];
}
