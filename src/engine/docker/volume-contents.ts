/** What the volumes of a hardened container hold before it first starts. */
import { constants, open } from 'node:fs/promises';
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
  for (const { path } of addedVolumes(made, hardening).filter(({ path }) => carry.includes(path)))
    await carryOver(client, originalId, made, path);
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

async function carryOver(client: Client, originalId: string, made: Inspect, path: string): Promise<void> {
  let content: Readable;
  try {
    content = await readPath(client, originalId, `${path}/.`);
  } catch (error) {
    if (error instanceof PristineError && error.code === 'E_NO_SUCH_PATH') return;
    throw error;
  }
  try {
    await client.patient.getContainer(made.Id).putArchive(content, { path });
  } catch (error) {
    throw engineFailure(error, `put what ${printable(path)} held into its volume`, client.address.endpoint);
  } finally {
    content.destroy();
  }
}
