import type { Client } from './client.ts';
import { type ListEntry, ownNameIn } from './details.ts';
import type { Endpoint, Inspect } from './vendor.ts';

/** Which container has another one's place now, for everything that refers to it by id or name. */
export interface Successors {
  /** The id of what has taken the place of the container that `reference` names; null when it has its own place. */
  idOf(reference: string): string | null;
  /** A link (`NAME:ALIAS`, or as inspected `/NAME:/OWN/ALIAS`), led to what has its source's place. */
  link(given: string): string;
}

/** For when nothing was replaced. */
export const NO_SUCCESSORS: Successors = { idOf: () => null, link: (given) => given };

/** Label of a replacement with the id of the container that it replaces. */
export const REPLACES_LABEL = 'pristine.replaces';

/** Looks up what has been replaced of all that a container refers to; asks nothing when it refers to nothing. */
export async function successorsFor(
  client: Client,
  container: Inspect,
  networks: Readonly<Record<string, Endpoint>>,
): Promise<Successors> {
  const { NetworkMode, IpcMode, PidMode, Links } = container.HostConfig;
  const shares = [NetworkMode, IpcMode, PidMode].some((mode) => sharedWith(mode) !== null);
  const links = [Links, ...Object.values(networks).map((endpoint) => endpoint.Links)];
  if (!shares && !links.some((list) => list?.length)) return NO_SUCCESSORS;
  return successorsAmong(await client.ask('list containers', client.quick.listContainers({ all: true })));
}

/**
 * Reads from the labels who replaces whom. A replacement of a container that still runs is only being prepared:
 * it does not have the place yet.
 */
export function successorsAmong(entries: readonly ListEntry[]): Successors {
  const byId = new Map(entries.map((entry) => [entry.Id, entry]));
  const next = new Map<string, ListEntry>();
  for (const entry of entries) {
    const replaced = entry.Labels?.[REPLACES_LABEL];
    if (replaced !== undefined && byId.get(replaced)?.State !== 'running') next.set(replaced, entry);
  }
  const replacedIds = [...next.keys()];
  const nameOf = (id: string) => {
    const entry = byId.get(id);
    return entry === undefined ? null : ownNameIn(entry);
  };
  const find = (reference: string): ListEntry | null => {
    const name = reference.replace(/^\//, '');
    const exact = replacedIds.find((id) => id === name || nameOf(id) === name);
    const id = exact ?? replacedIds.find((full) => /^[0-9a-f]{12,}$/.test(name) && full.startsWith(name));
    return id === undefined ? null : last(id, next);
  };
  return {
    idOf: (reference) => find(reference)?.Id ?? null,
    link(given) {
      const [source = '', ...rest] = given.split(':');
      const successor = find(source);
      if (successor === null) return given;
      const slash = source.startsWith('/') ? '/' : '';
      return [`${slash}${ownNameIn(successor)}`, ...rest].join(':');
    },
  };
}

/** The end of a chain of replacements; a circle of forged labels ends where it began. */
function last(id: string, next: ReadonlyMap<string, ListEntry>): ListEntry | null {
  const seen = new Set<string>();
  let current: ListEntry | null = null;
  for (let at = next.get(id); at !== undefined && !seen.has(at.Id); at = next.get(at.Id)) {
    seen.add(at.Id);
    current = at;
  }
  return current;
}

/** A namespace mode (`container:X`, `host`, …), pointed at what has X's place now. */
export function pointedAt(mode: string, successors: Successors): string {
  const reference = sharedWith(mode);
  const id = reference === null ? null : successors.idOf(reference);
  return id === null ? mode : `container:${id}`;
}

/** The container that a mode names; null for any other mode. */
export function sharedWith(mode: string | undefined): string | null {
  return mode?.startsWith('container:') ? mode.slice('container:'.length) : null;
}
