import type { HardeningPlan, PlannedMount } from '../../contract/index.ts';
import { humanDuration, humanSize } from './human.ts';
import type { Output } from './output.ts';

/** A plan with its reasons, and how far it is proven. */
export function printPlan(out: Output, plan: HardeningPlan): void {
  const { container, configuration, proof } = plan;
  out.line(
    { text: container.name, style: 'bold' },
    ` from ${container.image} (${container.imageId.slice(7, 19)})`,
  );
  out.line('');
  out.line('  root         ', configuration.readOnlyRoot ? 'read-only' : 'writable');
  if (configuration.mounts.length === 0) out.line('  writable     ', 'nothing more than it has');
  for (const mount of configuration.mounts) {
    out.line('  writable     ', { text: mount.path, style: 'bold' }, `  ${described(mount)}`);
    for (const reason of mount.reasons) out.line('               ', { text: reason, style: 'dim' });
  }
  const settings: [string, string | null][] = [
    ['capabilities', configuration.capabilities === null ? null : list(configuration.capabilities)],
    ['user', configuration.user],
    ['groups', configuration.groups.length === 0 ? null : configuration.groups.join(', ')],
    ['privileges', configuration.noNewPrivileges ? 'no new ones' : null],
    ['processes', configuration.pidsLimit === null ? null : `${configuration.pidsLimit} at most`],
    ['memory', configuration.memoryLimit === null ? null : `${humanSize(configuration.memoryLimit)} at most`],
    ['system calls', configuration.defaultSeccomp ? "the engine's default filter" : null],
  ];
  for (const [name, value] of settings) if (value !== null) out.line(`  ${name.padEnd(13)}`, value);
  for (const [member, reasons] of Object.entries(plan.reasons))
    for (const reason of reasons) out.line('               ', { text: `${member}: ${reason}`, style: 'dim' });
  section(out, 'Remarks', plan.remarks);
  section(out, 'Exercised', proof.exercised);
  section(out, 'Not exercised', proof.notExercised);
  section(out, 'Failed', proof.failures);
  out.line('');
  const took = `${proof.runs} runs of a copy in ${humanDuration(proof.tookMs)}`;
  if (proof.proven) out.line({ text: 'proven', style: 'green' }, ` by ${took}; kept as ${plan.id}`);
  else out.line({ text: 'NOT PROVEN', style: 'red' }, ` after ${took}; kept as ${plan.id}`);
}

function section(out: Output, title: string, sentences: readonly string[]): void {
  if (sentences.length === 0) return;
  out.line('');
  out.line({ text: title, style: 'bold' });
  for (const sentence of sentences) out.line('  - ', sentence);
}

function described({ kind, uid, gid, mode, size, exec, hydrated }: PlannedMount): string {
  return [
    kind,
    `${uid}:${gid}`,
    mode.toString(8).padStart(4, '0'),
    ...(size === null ? [] : [humanSize(size)]),
    ...(exec ? ['exec'] : []),
    ...(hydrated ? ['filled from the image'] : []),
  ].join(', ');
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
