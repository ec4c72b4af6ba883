import type { Dependent, ReplacementPlan, ReplacementRequest } from '../port.ts';
import type { Client } from './client.ts';
import { asItWas } from './compare.ts';
import { dependentsOn } from './dependents-find.ts';
import { imageName, portLines } from './details.ts';
import { statusOf } from './failures.ts';
import { inspectIfThere, lookUp } from './lookup.ts';
import { removableNetworks } from './networks.ts';
import type { Notes } from './notes.ts';
import { missingOnHost, portsInUse } from './plan-host.ts';
import { whyNot } from './prepare.ts';
import { sharedWith, successorsFor } from './recreation-references.ts';
import type { Inspect } from './vendor.ts';

/**
 * What a replacement would be, and what keeps it from being made; nothing is changed.
 *
 * @param hostIsHere whether paths and ports of the engine's host can be looked at from here
 */
export async function planReplacement(
  client: Client,
  notes: Notes,
  id: string,
  request: ReplacementRequest,
  hostIsHere: boolean,
): Promise<ReplacementPlan> {
  const present = await inspectIfThere(client, id);
  const note = await notes.read(present?.Id ?? id);
  const original = asItWas(present ?? note?.inspect ?? (await lookUp(client, id)), note);
  const { Config: config, NetworkSettings: network } = original;
  const name = original.Name.replace(/^\//, '');
  const [dependents, ...obstacles] = await Promise.all([
    dependentsOn(client, { container: original, currentName: present?.Name ?? null, replacement: null }),
    missing(client, original),
    takenNames(client, original, name, request),
    hostIsHere ? missingOnHost(original) : [],
    portsInUse(client, original, hostIsHere),
  ]);
  const networks = Object.keys(network.Networks ?? {});
  const sentences = obstacles.flat();
  return {
    name,
    image: imageName(config.Image, config.Labels ?? {}),
    imageId: original.Image,
    networks,
    missingNetworks: networks.filter((one) => sentences.includes(networkIsGone(one))),
    ports: portLines(network.Ports ?? {}),
    sharedWritable: sharedWritable(original),
    notPreparable: whyNot(original),
    dependents: dependents.map(
      ({ container, because }): Dependent => ({
        id: container.Id,
        name: container.Name.replace(/^\//, ''),
        because,
      }),
    ),
    obstacles: sentences,
  };
}

/** A tmpfs is made anew for each container; whatever else is mounted is there once, for both. */
export function sharedWritable({ Mounts: mounts }: Inspect): string[] {
  return (mounts ?? [])
    .filter(({ Type, RW }) => RW && Type !== 'tmpfs')
    .map((mount) => mount.Destination)
    .sort();
}

/** What it is made of or refers to, and the engine does not have. */
async function missing(client: Client, original: Inspect): Promise<string[]> {
  const networks = Object.entries(original.NetworkSettings.Networks ?? {});
  const names = new Set(removableNetworks(Object.fromEntries(networks)));
  const volumes = (original.Mounts ?? []).flatMap(({ Type, Name }) =>
    Type === 'volume' && Name ? [Name] : [],
  );
  const checks = [
    absent(
      client.quick.getImage(original.Image).inspect(),
      `Its image ${original.Image} is not on this engine any more.`,
    ),
    ...[...names].map((name) => absent(client.quick.getNetwork(name).inspect(), networkIsGone(name))),
    ...volumes.map((name) => absent(client.quick.getVolume(name).inspect(), `Its volume ${name} is gone.`)),
    goneNeighbours(client, original),
  ];
  return (await Promise.all(checks)).flat();
}

function networkIsGone(name: string): string {
  return `Its network ${name} is gone.`;
}

async function absent(request: Promise<unknown>, sentence: string): Promise<string[]> {
  try {
    await request;
    return [];
  } catch (error) {
    if (statusOf(error) === 404) return [sentence];
    throw error;
  }
}

/** Containers whose namespaces it shares: they must be there, and run. */
async function goneNeighbours(client: Client, original: Inspect): Promise<string[]> {
  const { NetworkMode, IpcMode, PidMode } = original.HostConfig;
  const references = [NetworkMode, IpcMode, PidMode].map(sharedWith).filter((shared) => shared !== null);
  if (references.length === 0) return [];
  const successors = await successorsFor(client, original, {});
  const told = [...new Set(references)].map(async (reference) => {
    const neighbour = await inspectIfThere(client, successors.idOf(reference) ?? reference);
    if (neighbour === null) return `It shares namespaces with ${reference.slice(0, 64)}, which is gone.`;
    const name = neighbour.Name.replace(/^\//, '');
    return neighbour.State.Running ? null : `It shares namespaces with ${name}, which does not run.`;
  });
  return (await Promise.all(told)).filter((sentence) => sentence !== null);
}

/** Names that it needs and that belong to somebody else. */
async function takenNames(
  client: Client,
  original: Inspect,
  name: string,
  { suspectName, labels }: ReplacementRequest,
): Promise<string[]> {
  const told = [name, suspectName].map(async (wanted) => {
    const holder = await inspectIfThere(client, wanted);
    // Names can be mistaken for the beginning of an id.
    if (holder === null || holder.Id === original.Id || holder.Name !== `/${wanted}`) return null;
    const own = holder.Config.Labels ?? {};
    const ours =
      Object.keys(labels).length > 0 &&
      Object.entries(labels).every(([label, value]) => own[label] === value);
    return ours ? null : `The name ${wanted} belongs to another container, ${holder.Id.slice(0, 12)}.`;
  });
  return (await Promise.all(told)).filter((sentence) => sentence !== null);
}
