import type { HardeningPlan } from '../../contract/index.ts';
import { printable } from '../../kernel/index.ts';

/** What a plan says, line by line, for comments: nothing in it ends a line or is obeyed by a terminal. */
export function commentLines(plan: HardeningPlan): string[] {
  const { container, configuration, proof, reasons, remarks } = plan;
  return [
    `${printable(container.name)} (${printable(container.image)}), read-only, as ${plan.id} of pristine harden`,
    proof.proven ? `proven by ${proof.runs} runs of a copy` : `NOT PROVEN: ${proof.failures.join('; ')}`,
    ...configuration.mounts.flatMap(({ path, kind, reasons: why }) => [
      `${path} (${kind}):`,
      ...why.map((reason) => `  ${reason}`),
    ]),
    ...Object.entries(reasons).flatMap(([member, why]) => why.map((reason) => `${member}: ${reason}`)),
    ...remarks.map((remark) => `note: ${remark}`),
  ].map(oneLine);
}

/** Printable, but for the backslashes of what was made printable before. */
export function oneLine(text: string): string {
  return text.split('\\').map(printable).join('\\');
}
