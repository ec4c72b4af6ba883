import type { DeniedFile } from '../../contract/index.ts';
import { humanSize } from './human.ts';
import type { Column } from './table.ts';

/** Refused files: what, when, and who used them. */
export const DENIED_COLUMNS: Column<DeniedFile>[] = [
  { title: 'TIME (UTC)', cell: ({ at }) => at.replace('T', ' ').replace('Z', '') },
  {
    title: 'REFUSED',
    cell: ({ denial }) => (denial.enforced ? denial.access : `${denial.access} (would be)`),
    omit: 2,
  },
  { title: 'FILE', cell: ({ denial }) => denial.path, flexible: true },
  { title: 'TO', cell: ({ denial }) => processText(denial.reader), flexible: true },
  { title: 'MADE BY', cell: ({ denial }) => processText(denial.writer), flexible: true, omit: 1 },
  { title: 'SIZE', cell: ({ denial }) => humanSize(denial.size), align: 'right', omit: 3 },
  {
    title: 'SHA-256',
    cell: ({ denial, kept }) => (denial.sha256 ?? kept?.sha256)?.slice(0, 12) ?? 'not kept',
  },
];

/** With the incident, for lists of several. */
export const DENIED_OF_ALL_COLUMNS: Column<DeniedFile>[] = [
  ...DENIED_COLUMNS,
  { title: 'INCIDENT', cell: ({ incident }) => incident, omit: 4 },
];

function processText(process: DeniedFile['denial']['writer']): string {
  if (process === null) return '-';
  return process.commandLine?.join(' ') || process.exe || `pid ${process.pid}`;
}
