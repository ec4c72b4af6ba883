import type { Finding } from '../../contract/index.ts';
import { who } from './change.ts';
import { severityCell } from './style.ts';
import type { Column } from './table.ts';

export const FINDING_COLUMNS: Column<Finding>[] = [
  { title: 'SEVERITY', cell: ({ severity }) => severityCell(severity) },
  { title: 'RULE', cell: ({ rule }) => rule },
  { title: 'ATT&CK', cell: ({ attack }) => attack.join(' '), omit: 1 },
  {
    title: 'FINDING',
    cell: ({ reason, process }) => (process === undefined ? reason : [reason, `by ${who(process)}`]),
    flexible: true,
  },
  { title: 'PATH', cell: ({ path }) => path, flexible: true },
];
