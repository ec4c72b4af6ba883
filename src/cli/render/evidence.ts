import type { ShownBundle, ShownDenied } from '../../app/index.ts';
import type {
  BundleManifest,
  EvidenceItem,
  LedgerEntry,
  VerifyProblem,
  VerifyReport,
} from '../../contract/index.ts';
import { DENIED_COLUMNS } from './denied.ts';
import { count, humanAgo, humanSize } from './human.ts';
import type { Output } from './output.ts';
import type { Column } from './table.ts';

const bytesOf = ({ files }: BundleManifest): number => files.reduce((sum, { size }) => sum + size, 0);

export const BUNDLE_COLUMNS: Column<BundleManifest>[] = [
  { title: 'BUNDLE', cell: ({ bundle }) => bundle },
  { title: 'CONTAINER', cell: ({ container }) => container.name, flexible: true },
  { title: 'IMAGE', cell: ({ container }) => container.image, flexible: true, omit: 1 },
  { title: 'CAPTURED', cell: ({ capturedAt }) => humanAgo(capturedAt, new Date()) },
  { title: 'FROZEN', cell: ({ frozen }) => (frozen ? 'yes' : 'no'), omit: 2 },
  { title: 'SIZE', cell: (manifest) => humanSize(bytesOf(manifest)), align: 'right', omit: 3 },
  { title: 'INCIDENT', cell: ({ incident }) => incident ?? '-', omit: 4 },
];

/** What a bundle holds, what it does not, and who had it. */
export function printBundle(out: Output, { manifest, path, custody }: ShownBundle): void {
  const { bundle, container, collector, items, omissions } = manifest;
  out.line(
    { text: bundle, style: 'bold' },
    ' of ',
    container.name,
    ` (${container.image}, ${container.id.slice(0, 12)})`,
  );
  out.line('  folder     ', path);
  out.line('  incident   ', manifest.incident ?? 'none');
  out.line(
    '  captured   ',
    manifest.capturedAt,
    manifest.frozen ? ', frozen' : ', while it ran',
    `; sealed ${manifest.sealedAt}`,
  );
  out.line(
    '  collector  ',
    `${collector.name} ${collector.version}, ${collector.user} on ${collector.host} (${collector.kernel})`,
  );
  out.line('  image id   ', container.imageId);
  out.line('  to look    ', manifest.image.reference, ', once the image is loaded');
  out.line();
  out.table(items, ITEM_COLUMNS);
  if (omissions.length > 0) {
    out.line();
    out.line({ text: 'Not in it:', style: 'bold' });
    for (const sentence of omissions) out.line('  ', sentence);
  }
  out.line();
  out.table(custody, CUSTODY_COLUMNS);
}

/** The refused files of an incident without a bundle, and who had them. */
export function printDeniedEvidence(out: Output, { incident, denied, custody }: ShownDenied): void {
  out.line({ text: incident, style: 'bold' }, ' has no bundle; files were refused');
  out.line();
  out.table(denied, DENIED_COLUMNS);
  out.line();
  out.table(custody, CUSTODY_COLUMNS);
}

const ITEM_COLUMNS: Column<EvidenceItem>[] = [
  { title: 'ITEM', cell: ({ path }) => path, flexible: true },
  { title: 'WHAT', cell: ({ title }) => title, flexible: true },
  { title: 'SIZE', cell: ({ size }) => humanSize(size), align: 'right' },
  { title: 'SHA-256', cell: ({ sha256 }) => sha256.slice(0, 12) },
];

const CUSTODY_COLUMNS: Column<LedgerEntry>[] = [
  { title: 'ENTRY', cell: ({ seq }) => String(seq), align: 'right' },
  { title: 'TIME (UTC)', cell: ({ at }) => at.replace('T', ' ').replace('Z', '') },
  { title: 'CUSTODY', cell: ({ action }) => action },
  { title: 'BY', cell: ({ actor }) => actor, flexible: true },
  {
    title: 'DETAIL',
    cell: ({ detail }) => Object.entries(detail).map(([name, value]) => `${name}: ${value}`),
    flexible: true,
  },
];

export function printVerifyReport(out: Output, report: VerifyReport): void {
  const { bundle, ok, filesChecked, bytesChecked, keyId, problems } = report;
  const checked = `${count(filesChecked, 'file')}, ${humanSize(bytesChecked)}, key ${keyId}`;
  out.line(
    bundle,
    ': ',
    ok ? { text: 'intact', style: 'green' } : { text: 'NOT INTACT', style: ['red', 'bold'] },
    ` (${checked})`,
  );
  if (problems.length > 0) out.table(problems, PROBLEM_COLUMNS);
}

const PROBLEM_COLUMNS: Column<VerifyProblem>[] = [
  { title: 'PROBLEM', cell: ({ problem }) => ({ text: problem, style: 'red' }) },
  { title: 'SUBJECT', cell: ({ subject }) => subject, flexible: true },
  { title: 'DETAIL', cell: ({ detail }) => detail, flexible: true },
];
