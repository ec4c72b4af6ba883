import type { HardeningPlan } from '../../contract/index.ts';
import type { RawContainer } from './raw.ts';

/** A name as Kubernetes wants them (RFC 1123, label). */
export function objectName(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '');
  return plain === '' ? 'container' : plain;
}

/** Kubernetes expands `$(NAME)`. */
export function expandable(text: string): string {
  return text.replaceAll('$(', '$$$$(');
}

export function variable(assignment: string): { name: string; value: string } {
  const at = assignment.indexOf('=');
  return { name: assignment.slice(0, at), value: expandable(assignment.slice(at + 1)) };
}

export function resources({ configuration }: HardeningPlan, { HostConfig: host }: RawContainer): object {
  const memory = configuration.memoryLimit ?? host.Memory ?? 0;
  const limits = {
    ...(memory > 0 ? { memory: String(memory) } : {}),
    ...(host.NanoCpus ? { cpu: `${Math.ceil(host.NanoCpus / 1e6)}m` } : {}),
  };
  return Object.keys(limits).length === 0 ? {} : { resources: { limits } };
}
