import type { Readable } from 'node:stream';
import { PristineError, printable } from '../../kernel/index.ts';
import type { Client } from './client.ts';
import { engineFailure, statusOf } from './failures.ts';

/** What an engine says of an image. */
export interface ImageRecord {
  /** Digests under which a registry knows it; none when it was made here. */
  readonly repoDigests: readonly string[];
  /** Names that lead to it now. */
  readonly tags: readonly string[];
  /** What it gives each container, as the engine has it; null when the image is gone. */
  readonly config: unknown;
}

/** @returns nothing of an image that is gone */
export async function imageRecord(client: Client, imageId: string): Promise<ImageRecord> {
  try {
    const image = await client.quick.getImage(imageId).inspect();
    return { repoDigests: image.RepoDigests ?? [], tags: image.RepoTags ?? [], config: image.Config ?? null };
  } catch (error) {
    if (statusOf(error) === 404) return { repoDigests: [], tags: [], config: null };
    throw engineFailure(error, `inspect the image ${imageId}`, client.address.endpoint);
  }
}

/** @throws {PristineError} E_NO_SUCH_IMAGE */
export async function saveImage(client: Client, reference: string): Promise<Readable> {
  const image = client.patient.getImage(reference);
  try {
    // The archive call answers 200 before it has looked, so that a missing image would be an empty archive.
    await image.inspect();
    return (await image.get()) as Readable;
  } catch (error) {
    throw imageFailure(client, error, 'save', reference);
  }
}

/** Loads an archive of `docker save` and answers with the references or ids that the engine names. */
export async function loadImage(client: Client, archive: Readable): Promise<string[]> {
  const stream = (await client.ask(
    'load an image',
    client.patient.loadImage(archive, { quiet: true }),
  )) as Readable;
  let text = '';
  for await (const piece of stream as AsyncIterable<Buffer>) text += piece.toString('utf8');
  const answers = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as LoadLine);
  const failure = answers.find((line) => line.error !== undefined)?.error;
  if (failure !== undefined) {
    throw new PristineError(
      'E_ENGINE_REFUSED',
      `the engine refused to load an image: ${printable(failure)}`,
      {
        next: 'See whether the archive is whole ("pristine evidence verify") and the disk has room.',
      },
    );
  }
  return answers.flatMap(({ stream: said = '' }) => {
    const name = /^Loaded image(?: ID)?: (\S+)/.exec(said)?.[1];
    return name === undefined ? [] : [name];
  });
}

interface LoadLine {
  readonly stream?: string;
  readonly error?: string;
}

/** Succeeds when the image is already gone. */
export async function removeImage(client: Client, reference: string): Promise<void> {
  try {
    await client.patient.getImage(reference).remove();
  } catch (error) {
    if (statusOf(error) === 404) return;
    throw imageFailure(client, error, 'remove', reference);
  }
}

/** Commits a container's filesystem and answers with the id of the image. */
export async function commit(
  client: Client,
  id: string,
  labels: Readonly<Record<string, string>>,
): Promise<string> {
  const request = { _query: { container: id, pause: true }, _body: { Labels: labels } } as object;
  const answer = (await client.ask(
    `commit ${id.slice(0, 12)}`,
    client.patient.getContainer(id).commit(request),
  )) as { Id: string };
  return answer.Id;
}

function imageFailure(client: Client, error: unknown, what: string, reference: string): PristineError {
  if (statusOf(error) === 404) {
    return new PristineError('E_NO_SUCH_IMAGE', `the image ${printable(reference)} is not on this engine`, {
      next: 'See the images with "docker images --all".',
      cause: error,
    });
  }
  return engineFailure(error, `${what} the image ${printable(reference)}`, client.address.endpoint);
}
