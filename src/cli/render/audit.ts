import type { AuditFacts, AuditItem, AuditReport, ContainerAudit, ImageFacts } from '../../contract/index.ts';
import { count, humanSize } from './human.ts';
import type { Output } from './output.ts';
import { gradeStyle, type Styled } from './style.ts';
import type { Column } from './table.ts';

/** So many of a list are named in one line; `--json` has all. */
const MOST_NAMED = 6;

/** The posture of containers: of each what was found, what fails and what to do, and the grade with its arithmetic. */
export function printAudit(out: Output, { containers }: AuditReport, all: boolean): void {
  if (containers.length === 0) out.line('no container runs');
  containers.forEach((audit, at) => {
    if (at > 0) out.line();
    printContainer(out, audit, all);
  });
  if (containers.length < 2) return;
  out.line();
  out.table(containers, SUMMARY);
}

function printContainer(out: Output, audit: ContainerAudit, all: boolean): void {
  const { container, status, facts, items, arithmetic, grade } = audit;
  out.line({ text: container.name, style: 'bold' }, ' (', container.image, '), ', status);
  for (const [label, text] of factLines(facts)) out.line(`  ${label.padEnd(LABEL_WIDTH)}`, text);
  for (const { what, because } of facts.unknown)
    out.line(`  ${'unknown'.padEnd(LABEL_WIDTH)}`, what, ': ', because);
  const shown = items.filter(({ status: each }) => all || each === 'failed' || each === 'noted');
  if (shown.length > 0) {
    out.line();
    out.table(shown, ITEMS);
    out.line();
  }
  const doing = items.filter(({ status: each }) => each === 'failed');
  for (const { id, remedy } of doing) out.line(`  ${id.padEnd(REMEDY_WIDTH)}`, remedy);
  if (doing.length > 0) out.line();
  const open = items.filter(({ status: each }) => each === 'unknown').map(({ id }) => id);
  out.line({ text: `Grade ${grade}`, style: gradeStyle(grade) }, ': ', arithmetic);
  if (open.length > 0) out.line(`  Unknown, and taken for neither: ${open.join(', ')}.`);
}

const LABEL_WIDTH = 14;
const REMEDY_WIDTH = 21;

function factLines(facts: AuditFacts): [label: string, text: string][] {
  const { processes, sharedNamespaces, writable, secrets, hostServices, image, watched } = facts;
  const lines: [string, string][] = [
    ['user', facts.user === '' ? 'none set (root)' : facts.user],
    ['networks', [named(facts.networks), ...facts.ports].filter((each) => each !== '').join(', ') || 'none'],
  ];
  if (processes !== null) {
    const uids = [...new Set(processes.map(({ uid }) => uid))].join(', ');
    lines.push(['processes', `${processes.length}, uid ${uids}`]);
    lines.push([
      'capabilities',
      named([...new Set(processes.flatMap(({ capabilities }) => capabilities))], 40) || 'none in force',
    ]);
  }
  if (sharedNamespaces !== null)
    lines.push(['shared', named(sharedNamespaces) || 'no namespace of the host']);
  lines.push(['writable', named(writable.map(placeText), 20) || 'nothing']);
  if (secrets.length > 0) lines.push(['secrets in', named(secrets)]);
  if (hostServices !== null) lines.push(['host services', servicesText(hostServices)]);
  if (image !== null) lines.push(...imageLines(image));
  if (watched !== null) {
    const { neverOpened, seconds, largest } = watched;
    const most = largest
      .filter(({ bytes }) => bytes > 0)
      .slice(0, 3)
      .map(({ path, bytes }) => `${path} ${humanSize(bytes)}`);
    const where = most.length === 0 ? '' : `, most in ${most.join(', ')}`;
    lines.push([
      'never opened',
      `${humanSize(neverOpened.bytes)} in ${count(neverOpened.files, 'file')}, in ${seconds} s${where}`,
    ]);
  }
  return lines;
}

function imageLines(image: ImageFacts): [string, string][] {
  const lists: [string, string[]][] = [
    ['setuid', image.setuid.map(({ path }) => path)],
    ['file caps', image.fileCapabilities.map(({ path, capabilities }) => `${path} ${capabilities}`)],
    ['shells', image.shells],
    ['interpreters', image.interpreters],
    ['packages', image.packageManagers],
    ['compilers', image.compilers],
    ['downloaders', image.downloaders],
  ];
  const size = `${humanSize(image.bytes)} in ${count(image.files, 'file')}`;
  const found = lists.filter(([, paths]) => paths.length > 0);
  return [['image', size], ...found.map(([label, paths]): [string, string] => [label, named(paths)])];
}

function placeText({ path, executable, rootOnly }: AuditFacts['writable'][number]): string {
  const exec = executable === null ? 'exec?' : executable ? 'exec' : 'noexec';
  return `${path} (${exec}${rootOnly ? ', root only' : ''})`;
}

function servicesText(services: NonNullable<AuditFacts['hostServices']>): string {
  const ports = [...new Set(services.map(({ address, port }) => `${address}:${port}`))];
  return named(ports, 8) || 'none within reach';
}

function named(list: readonly string[], most = MOST_NAMED): string {
  const more = list.length - most;
  return more > 0 ? `${list.slice(0, most).join(', ')} and ${more} more` : list.join(', ');
}

const ITEMS: Column<AuditItem>[] = [
  { title: 'ITEM', cell: ({ id }) => id },
  { title: 'CIS', cell: ({ cis }) => cis ?? '-' },
  { title: 'IS', cell: ({ status, cost }) => statusCell(status, cost) },
  { title: 'WANTED', cell: ({ title }) => title, flexible: true, omit: 1 },
  { title: 'FOUND', cell: ({ detail }) => detail, flexible: true },
];

function statusCell(status: AuditItem['status'], cost: number): Styled {
  if (status === 'failed') return { text: `-${cost}`, style: cost >= 20 ? 'red' : 'yellow' };
  return { text: status, style: status === 'ok' ? 'green' : 'gray' };
}

const SUMMARY: Column<ContainerAudit>[] = [
  { title: 'NAME', cell: ({ container }) => container.name, flexible: true },
  { title: 'GRADE', cell: ({ grade }) => ({ text: grade, style: gradeStyle(grade) }) },
  { title: 'SCORE', cell: ({ score }) => String(score), align: 'right' },
  {
    title: 'FAILED',
    cell: ({ items }) => String(items.filter(({ status }) => status === 'failed').length),
    align: 'right',
  },
];
