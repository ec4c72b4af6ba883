import { randomBytes } from 'node:crypto';
import { messageOf, PristineError } from '../../../kernel/index.ts';
import type { ContainerCopy, CopyRequest } from '../../port.ts';
import { create } from '../candidates.ts';
import type { Client } from '../client.ts';
import { engineFailure } from '../failures.ts';
import { lookUp } from '../lookup.ts';
import type { Notes } from '../notes.ts';
import type { Inspect } from '../vendor.ts';
import { ownVolumes } from '../volume-contents.ts';
import { companionsOf } from './companions.ts';
import { copyData, type GroupData } from './group.ts';
import { COMPANION, COPIES_OF, COPY_GROUP } from './labels.ts';
import { removeGroup } from './remove.ts';
import { type CopyPlan, copyBody } from './request.ts';

/** @param local the engine's host is this one, and we may read there */
export interface CopyDependencies {
  readonly client: Client;
  readonly notes: Notes;
  readonly local: boolean;
}

/** Creates a copy and what it needs; see the port. */
export async function createCopy(
  { client, notes, local }: CopyDependencies,
  id: string,
  request: CopyRequest,
): Promise<ContainerCopy> {
  const original = await lookUp(client, id);
  const group = randomBytes(4).toString('hex');
  const labels = { [COPIES_OF]: original.Id, [COPY_GROUP]: group };
  const network = `pristine-copies-${group}`;
  const { signal, mostData, configuration } = request;
  try {
    await client.patient.createNetwork({ Name: network, Driver: 'bridge', Internal: true, Labels: labels });
    const { companions, differences: missing } = await companionsOf(client, original);
    const containers = [original, ...companions.map(({ container }) => container)];
    const name = `pristine-copy-${group}`;
    const data = await copyData(client, { name, labels, containers, local, mostData, signal });
    const place = { network, group, originalId: original.Id };
    const made: Made = { client, data, place, differences: [...missing, ...data.differences] };
    for (const [at, { container, aliases }] of companions.entries()) {
      signal?.throwIfAborted();
      const own = { aliases, labels: { [COMPANION]: String(at) }, configuration: null };
      await createOne(made, container, own, `${container.Name.slice(1)}: `);
    }
    const aliases = [original.Name.slice(1), ...aliasesOf(original)];
    const copy = await createOne(made, original, { aliases, labels: request.labels, configuration }, '');
    if (configuration !== null) await ownVolumes(client, copy, configuration);
    signal?.throwIfAborted();
    return { id: copy.Id, name: copy.Name.slice(1), differences: made.differences };
  } catch (error) {
    await removeGroup(client, notes, group).catch(() => {});
    signal?.throwIfAborted();
    if (error instanceof PristineError) throw error;
    throw new PristineError(
      'E_COPY',
      `a copy of ${original.Name.slice(1)} could not be made: ${messageOf(error)}`,
      {
        next: 'See the log of the engine, and whether it can still make networks and volumes.',
        cause: error,
      },
    );
  }
}

interface Made {
  readonly client: Client;
  readonly data: GroupData;
  readonly place: Pick<CopyPlan, 'network' | 'group' | 'originalId'>;
  readonly differences: string[];
}

/** @param whose put before each sentence on what is different */
async function createOne(
  { client, data, place, differences }: Made,
  original: Inspect,
  one: Pick<CopyPlan, 'aliases' | 'labels' | 'configuration'>,
  whose: string,
): Promise<Inspect> {
  const name = `${original.Name.slice(1)}-pristine-copy-${place.group}`;
  const plan = { name, ...place, ...one, mounted: data.mounted };
  const { body, differences: own } = copyBody(original, plan);
  differences.push(...own.map((sentence) => `${whose}${sentence}`));
  return create(client, name, { body, furtherNetworks: {}, networks: {} }, { [COPY_GROUP]: place.group });
}

function aliasesOf({ Id, NetworkSettings: { Networks: networks } }: Inspect): string[] {
  const names = Object.values(networks ?? {}).flatMap(({ Aliases: aliases }) => aliases ?? []);
  return [...new Set(names)].filter((alias) => alias !== Id.slice(0, 12));
}

/** Sends a copy a signal. */
export async function signalCopy(client: Client, id: string, signal: string): Promise<void> {
  try {
    await client.quick.getContainer(id).kill({ signal });
  } catch (error) {
    throw engineFailure(error, `send ${signal} to ${id}`, client.address.endpoint);
  }
}
