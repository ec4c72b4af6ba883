import type { DiffResult } from '../../app/index.ts';
import type { Change, Finding } from '../../contract/index.ts';
import { dockerDiff } from '../../drift/index.ts';
import { whatDiffers, who } from './change.ts';
import { FINDING_COLUMNS } from './finding.ts';
import { count } from './human.ts';
import type { Output } from './output.ts';
import { severityCell } from './style.ts';
import type { Column } from './table.ts';

/** How many paths are named where a sentence lists some. */
const FEW = 5;

/** The drift of a container for people: changes, what the rules say, where docker diff differs, blind spots. */
export function printDiff(out: Output, { drift, findings, expected }: DiffResult, all: boolean): void {
  const { container, changes } = drift;
  const because = new Map(expected.map(({ path, because: reason }) => [path, reason]));
  const explained = (change: Change) => because.get(change.path) ?? ownExplanation(change);
  const shown = all ? changes : changes.filter((change) => explained(change) === undefined);
  const unexplained = changes.filter((change) => explained(change) === undefined).length;

  const hidden = changes.length - unexplained;
  const rest = hidden === 0 ? '' : `, ${hidden} explained${all ? '' : ' (--all lists them)'}`;
  out.line(
    { text: container.name, style: 'bold' },
    ` (${container.image}): ${count(unexplained, 'unexpected change')}${rest}`,
  );
  if (shown.length > 0) {
    out.line();
    out.table(
      shown,
      columns(
        shown,
        Map.groupBy(findings, ({ path }) => path),
        explained,
        all,
      ),
    );
  }
  if (findings.length > 0) {
    out.line();
    out.table(findings, FINDING_COLUMNS);
  }
  printDockerDifference(out, drift);
  printBlindSpots(out, drift.blindSpots);
}

/** Why a change says nothing about the container, where the change itself tells. */
function ownExplanation(change: Change): string | undefined {
  if (change.mountpoint === true) return 'made by the engine to mount something on';
  if (change.identical) return 'copied up from the image, and nothing differs';
  return undefined;
}

function columns(
  shown: readonly Change[],
  findings: Map<string, Finding[]>,
  explained: (change: Change) => string | undefined,
  all: boolean,
): Column<Change>[] {
  const list: Column<Change>[] = [
    { title: 'KIND', cell: ({ kind }) => kind },
    // Findings come from most to least severe.
    { title: 'SEVERITY', cell: ({ path }) => severityCell(findings.get(path)?.[0]?.severity ?? null) },
    { title: 'PATH', cell: ({ path }) => path, flexible: true },
    { title: 'WHAT DIFFERS (IMAGE | CONTAINER)', cell: whatDiffers, flexible: true },
  ];
  if (shown.some(({ process }) => process !== undefined)) {
    list.push({ title: 'WHO', cell: ({ process }) => who(process), flexible: true });
  }
  if (all) list.push({ title: 'EXPECTED', cell: (change) => explained(change) ?? '', flexible: true });
  return list;
}

/** Says where `docker diff` of the same container would mislead. */
function printDockerDifference(out: Output, drift: DiffResult['drift']): void {
  const docker = new Set(dockerDiff(drift));
  const real = drift.changes.filter((change) => ownExplanation(change) === undefined);
  const missing = real.filter(({ kind, path }) => !docker.has(`${kind} ${path}`)).map(({ path }) => path);
  const known = new Set(real.map(({ path }) => path));
  const mountpoints = drift.changes.filter(
    ({ kind, path, mountpoint }) => mountpoint === true && !known.has(path) && docker.has(`${kind} ${path}`),
  );
  if (missing.length + mountpoints.length > 0) out.line();
  if (missing.length > 0) out.line(`docker diff misses ${few(missing)}.`);
  if (mountpoints.length > 0) {
    out.line(
      `docker diff lists ${few(mountpoints.map(({ path }) => path))}, made by the engine as mountpoints.`,
    );
  }
}

function few(paths: readonly string[]): string {
  const more = paths.length - FEW;
  return `${paths.slice(0, FEW).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** What could not be seen, in every report. */
function printBlindSpots(out: Output, blindSpots: readonly string[]): void {
  if (blindSpots.length === 0) return;
  out.line();
  out.line({ text: 'Not seen:', style: 'bold' });
  for (const sentence of blindSpots) out.line('  ', sentence);
}
