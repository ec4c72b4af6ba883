import { z } from 'zod';
import type { ContainerDetails } from '../../engine/index.ts';
import { expectedPorts, toldPorts } from './expected.ts';
import { type Forward, forward } from './forward.ts';
import { environmentOf, type Workload } from './workload.ts';

const rawSchema = z.looseObject({
  NetworkSettings: z.looseObject({
    Networks: z.record(z.string(), z.looseObject({ IPAddress: z.string().nullish() })).nullish(),
  }),
});

/** Uses a running container as a rehearsal uses a copy. @throws {WorkloadFailure} when it does not do what it should */
export async function exerciseLive(
  details: ContainerDetails,
  workloads: readonly Workload[],
  signal: AbortSignal,
): Promise<void> {
  const address = addressOf(details);
  const forwards: Forward[] = [];
  try {
    for (const port of toldPorts(details, await expectedPorts(details)))
      forwards.push(await forward(port, () => address));
    const environment = environmentOf(details, 1, forwards);
    for (const workload of workloads) await workload.run(environment, signal);
  } finally {
    for (const led of forwards) await led[Symbol.asyncDispose]();
  }
}

/** Where it answers from the host: on one of its networks, or as the host itself. */
function addressOf({ raw }: ContainerDetails): string {
  const parsed = rawSchema.safeParse(raw);
  const networks = parsed.success ? Object.values(parsed.data.NetworkSettings.Networks ?? {}) : [];
  return networks.find(({ IPAddress }) => IPAddress)?.IPAddress ?? '127.0.0.1';
}
