import type { Observation, Writer, WrittenPath } from '../../contract/index.ts';

/** Programs that are named for one path. */
export const MOST_WRITERS = 8;
const MOST_REFUSALS = 10_000;

/**
 * What several runs have shown together, in the order in which they were made: a path was written when it was
 * written in any of them, and remains when it did at the end of the last one that wrote it.
 */
export function joinObservations(list: readonly Observation[]): Observation {
  const writes = new Map<string, WrittenPath>();
  for (const { writes: run } of list) {
    for (const write of run) {
      const before = writes.get(write.path);
      writes.set(write.path, before === undefined ? write : joined(before, write));
    }
  }
  const capabilities = list.map(({ capabilitiesUsed }) => capabilitiesUsed);
  return {
    writes: [...writes.values()].sort((a, b) => compare(a.path, b.path)),
    refusals: distinct(
      list.flatMap(({ refusals }) => refusals),
      ({ path, call, command, seenBy }) => JSON.stringify([path, call, command, seenBy]),
    ).slice(0, MOST_REFUSALS),
    capabilitiesUsed: capabilities.includes(null)
      ? null
      : [...new Set(capabilities.flatMap((names) => names ?? []))].sort(),
    processes: distinct(
      list.flatMap(({ processes }) => processes),
      (process) => JSON.stringify(process),
    ),
    mostProcesses: most(list.map(({ mostProcesses }) => mostProcesses)),
    mostMemory: most(list.map(({ mostMemory }) => mostMemory)),
    contacted: [...new Set(list.flatMap(({ contacted }) => contacted))].sort(),
    reloads: list.some(({ reloads }) => reloads),
  };
}

function joined(before: WrittenPath, after: WrittenPath): WrittenPath {
  return {
    path: after.path,
    type: after.type === 'unknown' ? before.type : after.type,
    operations: [...new Set([...before.operations, ...after.operations])],
    phases: [...new Set([...before.phases, ...after.phases])],
    writers: distinctWriters([...before.writers, ...after.writers]),
    bytes: Math.max(before.bytes, after.bytes),
    inImage: before.inImage || after.inImage,
    remains: after.remains,
    executed: before.executed || after.executed,
    owner: after.owner ?? before.owner,
  };
}

/** The first few of them, each program and user once. */
export function distinctWriters(writers: readonly Writer[]): Writer[] {
  return distinct(writers, ({ exe, command, uid, gid }) => JSON.stringify([exe, command, uid, gid])).slice(
    0,
    MOST_WRITERS,
  );
}

function distinct<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[] {
  const found = new Map<string, Item>();
  for (const item of items) {
    const key = keyOf(item);
    if (!found.has(key)) found.set(key, item);
  }
  return [...found.values()];
}

function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
