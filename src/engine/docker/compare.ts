import type { Difference } from '../port.ts';
import type { Client } from './client.ts';
import { becauseOf } from './compare-explained.ts';
import { inspectIfThere, lookUp } from './lookup.ts';
import type { Note, Notes } from './notes.ts';
import { NO_SUCCESSORS, type Successors, successorsFor } from './recreation-references.ts';
import type { Inspect } from './vendor.ts';

/** Field by field, how a replacement differs from its original as that was before any freeze. */
export async function compareReplacement(
  client: Client,
  notes: Notes,
  id: string,
  replacementId: string,
): Promise<Difference[]> {
  const [container, note, replacement] = await Promise.all([
    inspectIfThere(client, id),
    notes.read(id),
    lookUp(client, replacementId),
  ]);
  const known = container ?? note?.inspect ?? (await lookUp(client, id));
  const original = asItWas(known, note);
  const networks = original.NetworkSettings.Networks ?? {};
  return differencesOf(original, replacement, await successorsFor(client, original, networks));
}

/** An inspect with what the freeze and the renaming have taken from it. */
export function asItWas(container: Inspect, note: Note | null): Inspect {
  if (note === null) return container;
  const { NetworkSettings: now, HostConfig: host } = container;
  return {
    ...container,
    Name: `/${note.name}`,
    HostConfig: note.restartPolicy ? { ...host, RestartPolicy: note.restartPolicy } : host,
    NetworkSettings: {
      ...now,
      Networks: { ...now.Networks, ...note.networks },
      Ports: { ...now.Ports, ...note.ports },
    },
  };
}

/**
 * Every member of two inspects that differs, explained or not. What is empty, null or absent counts as equal, but
 * for lists whose absence means a default; mounts are compared by where they are, since their order is chance.
 */
export function differencesOf(
  original: Inspect,
  replacement: Inspect,
  successors: Successors = NO_SUCCESSORS,
): Difference[] {
  return differing(byPlace(original), byPlace(replacement), []).map(({ path, before, after }) => ({
    path: path.join('.'),
    before,
    after,
    because: becauseOf({ path, before, after, original, replacement, successors }),
  }));
}

interface Differing {
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
}

function differing(before: unknown, after: unknown, path: readonly string[]): Differing[] {
  if (same(before, after, path)) return [];
  const expanded = path.length === 2 && path[0] !== 'NetworkSettings';
  const one = before ?? (expanded ? {} : before);
  const other = after ?? (expanded ? {} : after);
  const whole = WHOLE.has(path.join('.')) || !isMap(one) || !isMap(other);
  if (whole) return [{ path, before, after }];
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return names.flatMap((name) => differing(one[name], other[name], [...path, name]));
}

/** Told in one piece: their parts mean nothing alone. */
const WHOLE = new Set(['State', 'GraphDriver', 'HostConfig.RestartPolicy', 'Config.Healthcheck']);

/** Empty means that nothing is masked, absent means the usual paths. */
const ABSENCE_MATTERS = new Set(['HostConfig.MaskedPaths', 'HostConfig.ReadonlyPaths']);

function same(before: unknown, after: unknown, path: readonly string[]): boolean {
  if (JSON.stringify(sorted(before)) === JSON.stringify(sorted(after))) return true;
  return isEmpty(before) && isEmpty(after) && !ABSENCE_MATTERS.has(path.join('.'));
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same value with the members of its objects in order; lists stay as they are. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  );
}

/** An inspect with its mounts as a map by destination, and the answers of each port in one order. */
function byPlace(container: Inspect): Record<string, unknown> {
  const mounts = (container.Mounts ?? []).map((mount) => [mount.Destination, mount] as const);
  const network = container.NetworkSettings;
  const ports = Object.entries(network.Ports ?? {}).map(
    ([inside, answers]) => [inside, answers?.map((answer) => JSON.stringify(sorted(answer))).sort()] as const,
  );
  return {
    ...container,
    Mounts: Object.fromEntries(mounts),
    NetworkSettings: { ...network, Ports: Object.fromEntries(ports) },
  };
}
