import type { PruneReport } from '../../app/index.ts';
import { count, humanAgo, humanSize } from './human.ts';
import type { Output } from './output.ts';
import type { Column } from './table.ts';

type Expired = PruneReport['expired'][number];
type Spared = PruneReport['spared'][number];

const ABOUT: Column<Expired | Spared>[] = [
  { title: 'EVIDENCE', cell: ({ id }) => id },
  { title: 'KIND', cell: ({ kind }) => (kind === 'bundle' ? 'bundle' : 'refused files') },
  { title: 'FROM', cell: ({ at }) => humanAgo(at, new Date()) },
];
const EXPIRED: Column<Expired>[] = [...ABOUT, { title: 'BEYOND', cell: ({ reason }) => reason }];
const SPARED: Column<Spared>[] = [...ABOUT, { title: 'KEPT, AS IT IS', cell: ({ why }) => why }];

/** What was removed, or would be, and what stays although it is beyond the limits. */
export function printPruneReport(
  out: Output,
  { expired, spared, bytes, sweptBytes }: PruneReport,
  dryRun: boolean,
): void {
  if (expired.length > 0) out.table(expired, EXPIRED);
  if (spared.length > 0) out.table(spared, SPARED);
  const verb = dryRun ? 'would be removed' : 'removed';
  out.line(count(expired.length, 'piece'), ` of evidence ${verb}; `, humanSize(bytes), ' of evidence stays');
  if (sweptBytes > 0)
    out.line(humanSize(sweptBytes), ' of image layers and files that nothing needs any more removed');
}
