import type { Command } from 'commander';
import type { PsRow } from '../../app/index.ts';
import { examples } from '../examples.ts';
import { humanAgo } from '../render/human.ts';
import type { Output } from '../render/output.ts';
import type { Styled } from '../render/style.ts';
import { gradeStyle, severityCell } from '../render/style.ts';
import type { Column } from '../render/table.ts';
import type { Runner } from '../session.ts';

export function registerPs(program: Command, run: Runner): void {
  program
    .command('ps')
    .summary('containers with their posture and drift')
    .description(
      'Lists containers, running or not: image, status (and whether it is locked), mode that their labels ask for, posture grade (A to F), drift by kind (added, changed, deleted), worst severity among the findings, age.',
    )
    .addHelpText('after', examples(['pristine ps', 'all containers'], ['pristine ps --json', 'for scripts']))
    .action(() =>
      run(async ({ app, options, out, progress, signal }) => {
        progress.update('looking at each container');
        const rows = await (await app()).ps(signal);
        progress.stop();
        if (options.json) out.json(rows);
        else if (rows.length === 0) out.line('no containers');
        else printRows(out, rows);
      }),
    );
}

function printRows(out: Output, rows: readonly PsRow[]): void {
  out.table(rows, columns(new Date()));
  const unknown = rows.filter(({ error }) => error !== undefined);
  if (unknown.length > 0) out.line();
  for (const { name, error = '' } of unknown) out.line({ text: name, style: 'red' }, ': ', error);
}

function columns(now: Date): Column<PsRow>[] {
  return [
    { title: 'NAME', cell: ({ name }) => name, flexible: true },
    { title: 'IMAGE', cell: ({ image }) => image, flexible: true, omit: 2 },
    { title: 'STATUS', cell: ({ status, locked }) => (locked ? `${status}, locked` : status) },
    { title: 'MODE', cell: ({ mode }) => mode ?? '-' },
    { title: 'POSTURE', cell: ({ grade }) => gradeCell(grade) },
    { title: 'DRIFT', cell: driftCell },
    { title: 'WORST', cell: ({ severity }) => severityCell(severity) },
    { title: 'CREATED', cell: ({ createdAt }) => humanAgo(createdAt, now), omit: 1 },
  ];
}

function driftCell({ drift, error }: PsRow): string | Styled {
  if (error !== undefined) return { text: 'unknown', style: 'red' };
  if (drift === null) return '-';
  const { added, changed, deleted } = drift;
  if (added + changed + deleted === 0) return { text: 'pristine', style: 'green' };
  return `A ${added}  C ${changed}  D ${deleted}`;
}

function gradeCell(grade: string | null): Styled {
  if (grade === null) return { text: '-' };
  return { text: grade, style: gradeStyle(grade) };
}
