import type { DoctorReport } from '../../app/index.ts';
import type { Output } from './output.ts';
import type { Column } from './table.ts';

type Check = DoctorReport['checks'][number];

/** What a host and its engine allow. */
export function printDoctor(
  out: Output,
  { version, runtime, stateDirectory, engine, checks, sensor }: DoctorReport,
): void {
  out.line({ text: `Pristine ${version}`, style: 'bold' }, ` on ${runtime}`);
  out.line('  state    ', stateDirectory);
  if (engine.ok) {
    const { title, endpoint, foundBy, storageDriver, localStorage } = engine;
    out.line('  engine   ', title, ` at ${endpoint}, found by ${foundBy}`);
    out.line(
      '  storage  ',
      storageDriver,
      localStorage ? ', readable here' : ', not readable here: the engine is asked instead',
    );
  } else {
    out.line('  engine   ', { text: 'none', style: 'red' }, ': ', engine.problem);
    out.line('  do       ', engine.next);
  }
  out.line(
    '  sensor   ',
    { text: sensor.kind, style: sensor.kind === 'fanotify' ? 'green' : 'yellow' },
    ': ',
    sensor.because,
  );
  out.line();
  out.table(checks, CHECK_COLUMNS);
}

const CHECK_COLUMNS: Column<Check>[] = [
  { title: 'CHECK', cell: ({ title }) => title, flexible: true },
  {
    title: 'HERE',
    cell: ({ ok }) => (ok ? { text: 'yes', style: 'green' } : { text: 'no', style: 'yellow' }),
  },
  { title: 'NEEDED FOR', cell: ({ neededFor }) => neededFor },
  {
    title: 'DETAIL',
    cell: ({ ok, detail, fallback }) => (ok ? detail : [detail, `instead: ${fallback}`]),
    flexible: true,
  },
];
