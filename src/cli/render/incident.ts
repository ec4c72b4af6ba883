import type { DeniedFile, Incident, TimelineEntry } from '../../contract/index.ts';
import { DENIED_COLUMNS } from './denied.ts';
import { FINDING_COLUMNS } from './finding.ts';
import { humanAgo, humanDuration } from './human.ts';
import type { Output } from './output.ts';
import { type Styled, severityCell } from './style.ts';
import type { Column } from './table.ts';

export const INCIDENT_COLUMNS: Column<Incident>[] = [
  { title: 'INCIDENT', cell: ({ id }) => id },
  { title: 'CONTAINER', cell: ({ container }) => container.name, flexible: true },
  { title: 'MODE', cell: ({ mode }) => mode, omit: 3 },
  { title: 'STATE', cell: ({ state }) => stateCell(state) },
  { title: 'SEVERITY', cell: ({ severity }) => severityCell(severity) },
  { title: 'FINDINGS', cell: ({ findings }) => String(findings.length), align: 'right', omit: 4 },
  { title: 'OPENED', cell: ({ openedAt }) => humanAgo(openedAt, new Date()) },
  { title: 'LASTED', cell: (incident) => lasted(incident) ?? '-', omit: 2 },
  { title: 'EVIDENCE', cell: ({ bundles }) => (bundles.length === 0 ? '-' : bundles), omit: 1 },
];

/** An incident with its findings, the files that were refused, and its timeline. */
export function printIncident(
  out: Output,
  incident: Incident,
  timeline: readonly TimelineEntry[],
  denied: readonly DeniedFile[] = [],
): void {
  const { id, container, mode, severity, state, replacement, suspect, bundles, error } = incident;
  out.line(
    { text: id, style: 'bold' },
    ' on ',
    container.name,
    ` (${container.image}, ${container.id.slice(0, 12)})`,
  );
  out.line('  state        ', stateCell(state), `, mode ${mode}, worst severity `, severityCell(severity));
  const duration = lasted(incident);
  out.line(
    '  opened       ',
    incident.openedAt,
    duration === null ? ', not ended yet' : `, ended after ${duration}`,
  );
  if (error !== undefined) out.line('  error        ', { text: error, style: 'red' });
  if (replacement !== null)
    out.line('  replacement  ', replacement.name, ` (${replacement.id.slice(0, 12)})`);
  if (suspect !== null) out.line('  suspect      ', suspect.name, `, kept frozen until ${suspect.until}`);
  for (const bundle of bundles) out.line('  evidence     ', bundle);
  if (incident.findings.length > 0) {
    out.line();
    out.table(incident.findings, FINDING_COLUMNS);
  }
  if (denied.length > 0) {
    out.line();
    out.table(denied, DENIED_COLUMNS);
  }
  if (timeline.length > 0) {
    out.line();
    out.table(timeline, timelineColumns(Date.parse(timeline[0]?.at ?? '')));
  }
}

function timelineColumns(start: number): Column<TimelineEntry>[] {
  return [
    { title: 'TIME (UTC)', cell: ({ at }) => at.replace('T', ' ').replace('Z', '') },
    { title: 'AFTER', cell: ({ at }) => humanDuration(Date.parse(at) - start), align: 'right' },
    { title: 'WHAT', cell: ({ kind, step }) => (step === undefined ? kind : `${step} ${kind}`) },
    { title: '', cell: ({ text }) => text, flexible: true },
  ];
}

function stateCell(state: Incident['state']): Styled {
  if (state === 'healed') return { text: state, style: 'green' };
  return state === 'failed' ? { text: state, style: 'red' } : { text: state };
}

function lasted({ openedAt, endedAt }: Incident): string | null {
  return endedAt === null ? null : humanDuration(Date.parse(endedAt) - Date.parse(openedAt));
}
