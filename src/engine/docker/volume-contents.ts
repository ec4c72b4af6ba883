/** What the volumes of a hardened container hold before it first starts. */
import { constants, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { HardenedConfiguration, PlannedMount } from '../../contract/index.ts';
import { PristineError, printable, systemErrorCode } from '../../kernel/index.ts';
import type { ReplacementRequest } from '../port.ts';
import type { Client } from './client.ts';
import { COPIES_OF } from './copy/labels.ts';
import { engineFailure } from './failures.ts';
import { VOLUME_LABEL } from './hardened.ts';
import { readPath } from './streams.ts';
import type { Inspect } from './vendor.ts';

/**
 * Fills the volumes that a plan has added to a container which has never run: with what the original has there, where
 * it is to be carried over, and else with what the image has, as the engine has done by now.
 */
export async function fillVolumes(
  client: Client,
  originalId: string,
  made: Inspect,
  { hardening, carry = [] }: Pick<ReplacementRequest, 'hardening' | 'carry'>,
): Promise<void> {
  if (hardening === undefined) return;
  for (const volume of addedVolumes(made, hardening).filter(({ path }) => carry.includes(path)))
    await carryOver(client, originalId, made, volume);
  await ownVolumes(client, made, hardening);
}

/**
 * Gives the roots of a container's planned volumes their owners and modes; where the image has something, the engine
 * has taken them from there. Works where the engine's storage is on this host.
 */
export async function ownVolumes(
  client: Client,
  container: Inspect,
  configuration: HardenedConfiguration,
): Promise<void> {
  for (const { path, name, hydrated, uid, gid, mode } of addedVolumes(container, configuration)) {
    if (hydrated) continue;
    const { Mountpoint } = await client.ask('inspect a volume', client.quick.getVolume(name).inspect());
    try {
      await using folder = await open(
        Mountpoint,
        constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
      );
      await folder.chown(uid, gid);
      await folder.chmod(mode);
    } catch (error) {
      throw new PristineError(
        'E_REPLACE',
        `the volume at ${printable(path)} could not be given its owner: ${systemErrorCode(error) ?? 'unknown'}`,
        { next: "Run this as root on the engine's own host.", cause: error },
      );
    }
  }
}

interface AddedVolume extends PlannedMount {
  readonly name: string;
}

/** A mount that the container had at a planned place before is its own business. */
function addedVolumes(container: Inspect, { mounts }: HardenedConfiguration): AddedVolume[] {
  return mounts.flatMap((mount) => {
    const asked = container.HostConfig.Mounts?.find(({ Target }) => Target === mount.path);
    const labels = (asked?.VolumeOptions as { Labels?: object } | undefined)?.Labels ?? {};
    const name = container.Mounts?.find(({ Destination }) => Destination === mount.path)?.Name;
    const ours = [VOLUME_LABEL, COPIES_OF].some((label) => label in labels);
    return mount.kind === 'volume' && ours && name !== undefined ? [{ ...mount, name }] : [];
  });
}

/** Volumes of a container's planned places that the engine made when it made the container. */
export async function volumesMadeWith(client: Client, made: Inspect): Promise<string[]> {
  const names = (made.Mounts ?? []).flatMap(({ Type, Name }) => (Type === 'volume' && Name ? [Name] : []));
  const volumes = await Promise.all(
    names.map((name) =>
      client.quick
        .getVolume(name)
        .inspect()
        .catch(() => null),
    ),
  );
  return volumes
    .filter((volume) => volume !== null)
    .filter((volume) => isMadeWith(volume, made))
    .map(({ Name }) => Name);
}

function isMadeWith(volume: { readonly Labels?: object | null }, made: Inspect): boolean {
  const { CreatedAt } = volume as { CreatedAt?: string };
  // A volume's time is in whole seconds.
  const begun = Math.floor(Date.parse(made.Created) / 1000) * 1000;
  return VOLUME_LABEL in (volume.Labels ?? {}) && Date.parse(CreatedAt ?? '') >= begun;
}

/** What the engine has put there from the image goes first: the original may have deleted some of it. */
async function emptyNewVolume(client: Client, made: Inspect, { name, path }: AddedVolume): Promise<void> {
  const volume = await client.ask('inspect a volume', client.quick.getVolume(name).inspect());
  const entries = await readdir(volume.Mountpoint).catch(() => null);
  if (entries?.length === 0) return;
  if (entries === null || !isMadeWith(volume, made)) {
    const why = entries === null ? 'cannot be read from here' : 'was there before, and holds something';
    throw new PristineError('E_REPLACE', `the volume ${name}, for ${printable(path)}, ${why}`, {
      next: `When nothing in it is needed, remove it with "docker volume rm ${name}", and try again.`,
    });
  }
  for (const entry of entries) await rm(join(volume.Mountpoint, entry), { recursive: true, force: true });
}

async function carryOver(
  client: Client,
  originalId: string,
  made: Inspect,
  volume: AddedVolume,
): Promise<void> {
  const { path } = volume;
  let content: Readable;
  try {
    content = await readPath(client, originalId, `${path}/.`);
  } catch (error) {
    if (error instanceof PristineError && error.code === 'E_NO_SUCH_PATH') return;
    throw error;
  }
  await emptyNewVolume(client, made, volume);
  try {
    await client.patient.getContainer(made.Id).putArchive(content, { path });
  } catch (error) {
    throw engineFailure(error, `put what ${printable(path)} held into its volume`, client.address.endpoint);
  } finally {
    content.destroy();
  }
}
