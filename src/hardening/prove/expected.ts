import { z } from 'zod';
import type { ContainerDetails } from '../../engine/index.ts';
import { listeningPorts, type Port, portName } from './listening.ts';

const rawSchema = z.looseObject({
  Config: z.looseObject({ ExposedPorts: z.record(z.string(), z.unknown()).nullish() }),
  HostConfig: z.looseObject({ PortBindings: z.record(z.string(), z.unknown()).nullish() }),
});

/** Where a copy must listen before it counts as ready: where the live container does, else nothing is known. */
export async function expectedPorts({ pid, security }: ContainerDetails): Promise<Port[]> {
  return pid === null || security.hostNetwork ? [] : listeningPorts(pid);
}

/** Ports that a workload may want: those that are published or exposed, and where the container listens. */
export function toldPorts({ raw }: ContainerDetails, listening: readonly Port[]): Port[] {
  const parsed = rawSchema.safeParse(raw);
  const named = parsed.success
    ? [
        ...Object.keys(parsed.data.Config.ExposedPorts ?? {}),
        ...Object.keys(parsed.data.HostConfig.PortBindings ?? {}),
      ]
    : [];
  const ports = new Map<string, Port>();
  for (const port of [...named.flatMap(parsePort), ...listening]) ports.set(portName(port), port);
  return [...ports.values()];
}

function parsePort(text: string): Port[] {
  const match = /^(\d+)\/(tcp|udp)$/.exec(text);
  return match === null ? [] : [{ number: Number(match[1]), protocol: match[2] as Port['protocol'] }];
}
