import { create } from '../candidates.ts';
import type { Client } from '../client.ts';
import type { Inspect } from '../vendor.ts';
import { changedSince, copySource, FILLED_AT, sizeOf } from './data.ts';
import { whilePaused } from './pause.ts';
import type { Source } from './sources.ts';

/** How often live data that changes meanwhile is copied before its container is paused for it. */
const ATTEMPTS = 3;
/** An archive may be that much larger than what was measured: it grows, and has headers. */
const GROWTH = 1.2;
const GROWTH_BYTES = 1 << 20;

export interface FillRequest {
  readonly volume: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly source: Source;
  /** Who has it mounted, to be paused when nothing else helps. */
  readonly owner: Inspect;
  /** Where the owner has it, for people. */
  readonly path: string;
  /** Bytes that may still be copied. */
  readonly room: number;
  readonly signal: AbortSignal | undefined;
}

export interface Filled {
  /** What was taken of the room; null: nothing was copied, and the volume is empty. */
  readonly bytes: number | null;
  readonly differences: readonly string[];
}

/** Fills a new volume with a copy of live data that is of one moment, as far as that can be had. */
export async function fillVolume(client: Client, request: FillRequest): Promise<Filled> {
  const { source, owner, path, room, signal } = request;
  const size = await sizeOf(source, signal);
  if (size === null) return none(`The data at ${path} cannot be measured: it begins as the image has it.`);
  if (size > room)
    return none(`The data at ${path} (${size} bytes) is too large: it begins as the image has it.`);
  const most = Math.round(size * GROWTH) + GROWTH_BYTES;
  let outcome = await copyAnew(client, request, most);
  let changed = true;
  for (let attempt = 1; ; attempt++) {
    if (outcome.how === 'too-large') {
      await newVolume(client, request);
      return none(`The data at ${path} grows as it is copied: it begins as the image has it.`);
    }
    changed = outcome.how === 'damaged' || (await changedSince(source, outcome.since));
    if (!changed) return { bytes: size, differences: [] };
    if (attempt === ATTEMPTS) break;
    outcome = await copyAnew(client, request, most);
  }
  const ms = await whilePaused(client, owner, request.labels, async () => {
    outcome = await copyAnew(client, request, most);
    changed = outcome.how !== 'whole' || (await changedSince(source, outcome.since));
  });
  return {
    bytes: size,
    differences: [
      ...(ms === null
        ? []
        : [`The live container was paused for ${ms} ms to copy ${path}, which changed all the time.`]),
      ...(changed ? [`The data at ${path} changed as it was copied: the copy is not of one moment.`] : []),
    ],
  };
}

function none(sentence: string): Filled {
  return { bytes: null, differences: [sentence] };
}

/** Into an empty volume each time: what was deleted meanwhile must not come back. */
async function copyAnew(
  client: Client,
  request: FillRequest,
  most: number,
): Promise<{ how: Awaited<ReturnType<typeof copySource>>; since: number }> {
  const { volume, labels, owner, source, signal } = request;
  await newVolume(client, request);
  const body = {
    ...{ Image: owner.Image, Entrypoint: ['none'], Labels: labels },
    HostConfig: {
      NetworkMode: 'none',
      Mounts: [{ Type: 'volume', Source: volume, Target: FILLED_AT, VolumeOptions: { NoCopy: true } }],
    },
  };
  const filler = await create(
    client,
    `${volume}-filler`,
    { body, furtherNetworks: {}, networks: {} },
    labels,
  );
  try {
    // The clock of filesystems lags behind by a tick.
    const since = Date.now() - 10;
    return { how: await copySource(client, source, { id: filler.Id, most, signal }), since };
  } finally {
    const gone = client.patient.getContainer(filler.Id).remove({ force: true, v: true });
    await client.ask('remove a container', gone);
  }
}

async function newVolume(client: Client, { volume, labels }: FillRequest): Promise<void> {
  const old = client.quick.getVolume(volume);
  await old.remove().catch(() => {});
  await client.ask('create a volume', client.quick.createVolume({ Name: volume, Labels: { ...labels } }));
}
