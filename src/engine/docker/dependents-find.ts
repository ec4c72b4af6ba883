import type { Client } from './client.ts';
import { inspectIfThere } from './lookup.ts';
import { REPLACES_LABEL, sharedWith } from './recreation-references.ts';
import { isStandby } from './standby-labels.ts';
import type { Inspect } from './vendor.ts';

/** A container that is to be replaced, or was. */
export interface DependedOn {
  readonly container: Inspect;
  /** The name that it has now, with its slash; null when it is gone. */
  readonly currentName: string | null;
  /** What has its place; null before there is anything. */
  readonly replacement: Inspect | null;
}

export interface DependentContainer {
  readonly container: Inspect;
  readonly because: string;
}

/**
 * Containers that cannot go on when another one is replaced: those that share its namespaces, those of the default
 * bridge that link to it, and those of other networks that link to it by id. Links by name on networks that
 * users make are looked up anew at each query, and `--volumes-from` only when a container is created (both
 * tried on Docker Engine 20.10): they go on as they are.
 *
 * Paused ones are left: each is a suspect whose own response makes its replacement.
 */
export async function dependentsOn(client: Client, on: DependedOn): Promise<DependentContainer[]> {
  const entries = await client.ask('list containers', client.quick.listContainers({ all: true }));
  const replaced = new Set(entries.flatMap(({ Labels }) => Labels?.[REPLACES_LABEL] ?? []));
  const others = entries.filter(
    ({ Id, Labels, Names, State }) =>
      Id !== on.container.Id &&
      Id !== on.replacement?.Id &&
      !replaced.has(Id) &&
      Labels?.[REPLACES_LABEL] !== on.container.Id &&
      !Names.some((name) => isStandby(name.slice(1), Labels)) &&
      State !== 'paused',
  );
  const inspected = await Promise.all(others.map(({ Id }) => inspectIfThere(client, Id)));
  return inspected.flatMap((container) => {
    if (container === null) return [];
    const because = dependence(container, on);
    return because === null ? [] : [{ container, because }];
  });
}

/** How one container depends on another, or null. */
export function dependence(container: Inspect, on: DependedOn): string | null {
  const { NetworkMode, IpcMode, PidMode, Links } = container.HostConfig;
  const { Id: id, Name: name } = on.container;
  const isShared = (mode: string | undefined) => {
    const reference = sharedWith(mode);
    if (reference === null) return false;
    if (isIdOf(reference, id)) return true;
    // By name: what was started since shares with the replacement, and what does not run will.
    return `/${reference.replace(/^\//, '')}` === name && hasRunSince(container, on.replacement);
  };
  if (isShared(NetworkMode)) return 'it shares its network';
  if (isShared(IpcMode)) return 'it shares its memory segments and queues (IPC)';
  if (isShared(PidMode)) return 'it shares its processes';
  // The engine lists such a link with the name that its source has now.
  const sources = (Links ?? []).map((link) => link.split(':')[0] ?? '');
  if (on.currentName !== null && sources.includes(on.currentName)) return 'it is linked to it';
  const endpoints = Object.values(container.NetworkSettings.Networks ?? {});
  const targets = endpoints.flatMap(({ Links: links }) =>
    (links ?? []).map((link) => link.split(':')[0] ?? ''),
  );
  return targets.some((target) => isIdOf(target, id)) ? 'it is linked to its id' : null;
}

function isIdOf(reference: string, id: string): boolean {
  return reference === id || (/^[0-9a-f]{12,}$/.test(reference) && id.startsWith(reference));
}

/** Whether it runs since before the replacement was there, and so holds what the original had. */
function hasRunSince({ State: state }: Inspect, replacement: Inspect | null): boolean {
  if (!state.Running) return false;
  return replacement === null || Date.parse(state.StartedAt) < Date.parse(replacement.State.StartedAt);
}
