import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { HardenedConfiguration } from '../../../contract/index.ts';
import { messageOf, PristineError } from '../../../kernel/index.ts';
import type { ContainerCopy, CopyRequest } from '../../port.ts';
import { create } from '../candidates.ts';
import type { Client } from '../client.ts';
import { engineFailure } from '../failures.ts';
import { lookUp } from '../lookup.ts';
import type { Inspect } from '../vendor.ts';
import { ownVolumes } from '../volume-contents.ts';
import { companionsOf } from './companions.ts';
import { changedSince, copyFolder, sizeOf } from './data.ts';
import { COMPANION, COPIES_OF, COPY_GROUP } from './labels.ts';
import { removeGroup } from './remove.ts';
import { copyBody, type DataCopy } from './request.ts';

/** How often live data that changes meanwhile is copied before its container is paused for it. */
const ATTEMPTS = 3;

interface Group {
  readonly client: Client;
  readonly id: string;
  readonly original: Inspect;
  readonly network: string;
  readonly differences: string[];
  readonly signal: AbortSignal | undefined;
  /** Bytes of live data that may still be copied. */
  room: number;
}

/** Creates a copy and what it needs; see the port. */
export async function createCopy(client: Client, id: string, request: CopyRequest): Promise<ContainerCopy> {
  const original = await lookUp(client, id);
  const groupId = randomBytes(4).toString('hex');
  const labels = { [COPIES_OF]: original.Id, [COPY_GROUP]: groupId };
  const network = `pristine-copies-${groupId}`;
  const { signal, mostData: room } = request;
  const group: Group = { client, id: groupId, original, network, differences: [], signal, room };
  try {
    await client.patient.createNetwork({ Name: network, Driver: 'bridge', Internal: true, Labels: labels });
    const { companions, left } = await companionsOf(client, original);
    if (left > 0)
      group.differences.push(`${left} more containers share a network with it and were not copied.`);
    for (const [at, { container, aliases }] of companions.entries()) {
      signal?.throwIfAborted();
      await createOne(group, container, {
        aliases,
        labels: { [COMPANION]: String(at) },
        configuration: null,
      });
    }
    const aliases = [original.Name.slice(1), ...aliasesOf(original)];
    const { configuration } = request;
    const copy = await createOne(group, original, { aliases, labels: request.labels, configuration });
    return { id: copy.Id, name: copy.Name.slice(1), differences: group.differences };
  } catch (error) {
    await removeGroup(client, groupId).catch(() => {});
    signal?.throwIfAborted();
    if (error instanceof PristineError) throw error;
    throw new PristineError(
      'E_COPY',
      `a copy of ${original.Name.slice(1)} could not be made: ${messageOf(error)}`,
      {
        next: 'See "docker logs" of the engine, and whether it can still make networks and volumes.',
        cause: error,
      },
    );
  }
}

interface OneCopy {
  readonly aliases: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly configuration: HardenedConfiguration | null;
}

async function createOne(group: Group, original: Inspect, one: OneCopy): Promise<Inspect> {
  const { client, network } = group;
  const name = `${original.Name.slice(1)}-pristine-copy-${group.id}`;
  const { body, data, differences } = copyBody(original, {
    ...{ name, network, group: group.id, originalId: group.original.Id },
    ...one,
  });
  const whose = original === group.original ? '' : `${original.Name.slice(1)}: `;
  group.differences.push(...differences.map((sentence) => `${whose}${sentence}`));
  const created = await create(client, name, { body, furtherNetworks: {}, networks: {} }, one.labels);
  for (const piece of data) await copyData(group, original, created, piece);
  if (one.configuration !== null) await ownVolumes(client, created, one.configuration);
  return created;
}

async function copyData(
  group: Group,
  original: Inspect,
  copy: Inspect,
  { from, path }: DataCopy,
): Promise<void> {
  const { client, signal } = group;
  if (!isFolder(from)) {
    group.differences.push(`What lies at ${path} was not copied: it is no folder on this host.`);
    return;
  }
  const size = await sizeOf(from);
  if (size === null || size > group.room) {
    group.differences.push(
      `The data at ${path} (${size ?? 'unknown'} bytes) is too large: it begins as the image has it.`,
    );
    return;
  }
  group.room -= size;
  // Sparse files and growth during the copy: the archive may be larger than the folder.
  const most = 2 * size + (64 << 20);
  const take = () => copyFolder(client, from, { id: copy.Id, path, most, signal });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const since = Date.now() - 10;
    await take();
    if (!original.State.Running || original.State.Paused || !(await changedSince(from, since))) return;
  }
  const paused = performance.now();
  const live = client.patient.getContainer(original.Id);
  await client.ask('pause', live.pause());
  try {
    await take();
  } finally {
    await client.ask('unpause', live.unpause());
  }
  const ms = Math.round(performance.now() - paused);
  group.differences.push(
    `The live container was paused for ${ms} ms to copy ${path}, which changed all the time.`,
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
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
