import type { Client } from './client.ts';
import { engineFailure, refusalOf, statusOf } from './failures.ts';
import { isBeingRemoved } from './original.ts';
import type { Inspect, RestartPolicy } from './vendor.ts';

const NEVER_AGAIN: RestartPolicy = { Name: 'no', MaximumRetryCount: 0 };

/** Makes the engine leave a container ended once it has. Its policy must be noted before. */
export async function takeRestartPolicy(client: Client, container: Inspect): Promise<void> {
  const { Name: name = '' } = container.HostConfig.RestartPolicy ?? {};
  if (name === '' || name === 'no') return;
  await setRestartPolicy(client, container.Id, NEVER_AGAIN);
}

/** Gives back what {@link takeRestartPolicy} took. */
export async function giveRestartPolicy(
  client: Client,
  container: Inspect,
  policy: RestartPolicy | undefined,
): Promise<void> {
  if (policy === undefined || policy.Name === container.HostConfig.RestartPolicy?.Name) return;
  await setRestartPolicy(client, container.Id, policy);
}

async function setRestartPolicy(client: Client, id: string, policy: RestartPolicy): Promise<void> {
  try {
    await client.quick.getContainer(id).update({ RestartPolicy: policy });
  } catch (error) {
    // What is being removed is not started again.
    if (statusOf(error) !== undefined && isBeingRemoved(refusalOf(error))) return;
    throw engineFailure(error, `set the restart policy of ${id}`, client.address.endpoint);
  }
}
