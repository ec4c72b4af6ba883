import { setTimeout as sleep } from 'node:timers/promises';
import { PristineError } from '../../kernel/index.ts';
import type { Replacement, ReplacementRequest } from '../port.ts';
import type { Client } from './client.ts';
import { engineFailure, refusalOf, statusOf } from './failures.ts';
import { inspectIfThere, lookUp } from './lookup.ts';
import { isBeingRemoved, type Original } from './original.ts';
import { type Recreation, recreationOf } from './recreation.ts';
import { successorsFor } from './recreation-references.ts';
import { isStandby, NEXT_SUFFIX, STANDBY_FOR } from './standby-labels.ts';
import { type Inspect, NEVER } from './vendor.ts';
import { volumesMadeWith } from './volume-contents.ts';
import { isWaiting, removeWaitingNetwork } from './waiting-network.ts';

/** A request that a killed predecessor has sent goes on in the engine; so long we wait for its end, in milliseconds. */
const IN_FLIGHT_MS = 10_000;

/** Without the leading slash. */
export function ownName(container: Inspect): string {
  return container.Name.replace(/^\//, '');
}

export function replacementOf(container: Inspect): Replacement {
  return { id: container.Id, name: ownName(container) };
}

export function hasRun(container: Inspect): boolean {
  return container.State.StartedAt !== NEVER;
}

/** The name of a replacement that is started early, until it takes the place. */
export function provisionalName({ suspectName }: ReplacementRequest): string {
  return `${suspectName}${NEXT_SUFFIX}`;
}

/** How the replacement of a container is made. */
export async function recreationFor(
  client: Client,
  { note }: Original,
  request: Pick<ReplacementRequest, 'labels' | 'readOnly' | 'hardening'>,
): Promise<Recreation> {
  const successors = await successorsFor(client, note.inspect, note.networks);
  const { labels, readOnly, hardening } = request;
  return recreationOf(note.inspect, note, labels, { readOnly, hardening, name: note.name, successors });
}

/**
 * The container that the request names as candidate, or that carries its labels, or a standby that has taken the
 * place; what runs comes before what does not.
 */
export async function findCandidate(
  client: Client,
  suspectId: string,
  request: ReplacementRequest,
): Promise<Inspect | null> {
  const named = request.candidate === undefined ? null : await inspectIfThere(client, request.candidate);
  if (named !== null && named.Id !== suspectId) return named;
  const known = Object.keys(request.labels).length > 0 ? await findByLabels(client, request.labels) : [];
  const labelled = known.find(({ Id }) => Id !== suspectId);
  if (labelled !== undefined) return labelled;
  // A standby was made before anybody knew of the request.
  const standbys = await findByLabels(client, { [STANDBY_FOR]: suspectId });
  return standbys.find((one) => !isStandby(ownName(one), one.Config.Labels)) ?? null;
}

/** Containers that carry all of these labels, running ones first. */
export async function findByLabels(
  client: Client,
  labels: Readonly<Record<string, string>>,
): Promise<Inspect[]> {
  const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const filters = JSON.stringify({ label });
  const found = await client.ask('list containers', client.quick.listContainers({ all: true, filters }));
  const inspected = await Promise.all(found.map(({ Id }) => inspectIfThere(client, Id)));
  return inspected
    .filter((container) => container !== null)
    .sort((a, b) => Number(b.State.Running) - Number(a.State.Running));
}

/** Succeeds also when the container is gone. */
export async function renameTo(client: Client, container: Inspect, name: string): Promise<void> {
  if (ownName(container) === name) return;
  try {
    await client.quick.getContainer(container.Id).rename({ name });
  } catch (error) {
    const now = await inspectIfThere(client, container.Id);
    if (now === null || ownName(now) === name) return;
    throw engineFailure(error, `rename ${ownName(container)} to ${name}`, client.address.endpoint);
  }
}

/**
 * Creates a container. When a request of a killed predecessor has created it meanwhile, that one is used.
 * @throws {PristineError} E_NO_SUCH_IMAGE
 */
export async function create(
  client: Client,
  name: string,
  recreation: Recreation,
  labels: Readonly<Record<string, string>>,
): Promise<Inspect> {
  try {
    const request = { _query: { name }, _body: recreation.body } as object;
    return await lookUp(client, (await client.patient.createContainer(request)).id);
  } catch (error) {
    const inFlight = statusOf(error) === 409 ? await createdMeanwhile(client, name, labels) : null;
    if (inFlight !== null) return inFlight;
    if (statusOf(error) === 404 && /no such image/i.test(refusalOf(error))) {
      throw new PristineError('E_NO_SUCH_IMAGE', `the image of ${name} is not on this engine any more`, {
        next: 'Load or pull it again, then try again.',
        cause: error,
      });
    }
    throw engineFailure(error, `create ${name}`, client.address.endpoint);
  }
}

/** The container that holds a name, if it is the replacement; it may have its name before it can be seen. */
async function createdMeanwhile(
  client: Client,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<Inspect | null> {
  const deadline = Date.now() + IN_FLIGHT_MS;
  while (Date.now() < deadline) {
    const holder = await inspectIfThere(client, name);
    if (holder !== null) {
      const own = holder.Config.Labels ?? {};
      return Object.entries(labels).every(([label, value]) => own[label] === value) ? holder : null;
    }
    await sleep(100);
  }
  return null;
}

/** Succeeds when it runs already. */
export async function startContainer(client: Client, container: Inspect): Promise<void> {
  try {
    await client.patient.getContainer(container.Id).start();
  } catch (error) {
    if (statusOf(error) !== 304)
      throw engineFailure(error, `start ${ownName(container)}`, client.address.endpoint);
  }
}

/** Kills and removes a replacement. The original's volumes are its own by name, which `v` leaves alone. */
export async function removeCandidate(client: Client, id: string): Promise<void> {
  const container = await inspectIfThere(client, id);
  if (container === null) return;
  const volumes = await volumesMadeWith(client, container);
  try {
    await client.patient.getContainer(container.Id).remove({ force: true, v: true });
  } catch (error) {
    if (statusOf(error) === undefined || !isBeingRemoved(refusalOf(error)))
      throw engineFailure(error, `remove ${ownName(container)}`, client.address.endpoint);
  }
  // One that is in use, or was taken meanwhile, stays.
  for (const name of volumes)
    await client.quick
      .getVolume(name)
      .remove()
      .catch(() => {});
  if (isWaiting(container)) await removeWaitingNetwork(client);
}
