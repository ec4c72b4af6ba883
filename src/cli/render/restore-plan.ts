import type { RestorePlan } from '../../app/index.ts';
import type { Output } from './output.ts';

/** What a restore would do, and what stands in its way. */
export function printRestorePlan(out: Output, plan: RestorePlan): void {
  const list = (values: readonly string[]) => (values.length === 0 ? 'none' : values.join(', '));
  out.line({ text: plan.name, style: 'bold' }, ` from ${plan.image} (${plan.imageId.slice(7, 19)})`);
  out.line('  order        ', plan.order);
  out.line('  networks     ', list(plan.networks));
  out.line('  ports        ', list(plan.ports));
  if (plan.sharedWritable.length > 0) out.line('  shared       ', list(plan.sharedWritable));
  if (plan.notPreparable !== null) out.line('  not early    ', plan.notPreparable);
  for (const { name, because } of plan.dependents) out.line('  re-created   ', name, `: ${because}`);
  for (const obstacle of plan.obstacles) out.line('  obstacle     ', { text: obstacle, style: 'red' });
  if (plan.obstacles.length === 0) out.line({ text: 'nothing stands in its way', style: 'green' });
}
