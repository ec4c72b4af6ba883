import type { ProcessAttribution } from '../../contract/index.ts';
import {
  mountNamespaceOf,
  type ProcessEvent,
  type ProcessSnapshot,
  readProcess,
  readProgram,
} from '../../linux/index.ts';
import type { WatchedContainer } from './places.ts';
import type { UserNames } from './user-names.ts';

/** Ended processes that are remembered, for events that are read after their maker's end. */
const MAX_ENDED = 4096;
const MAX_KNOWN = 16_384;
const MAX_ANCESTORS = 32;
/** Characters of an ancestor's command line; the process itself has more. */
const MAX_ANCESTOR_LENGTH = 256;

/**
 * Remembers processes, so that a change can be put down to one that lived a millisecond. Fed by the process
 * connector: a child begins as its parent's likeness, and is read from /proc at once when it executes another
 * program. What was never heard of is read from /proc when it is asked for.
 */
export class ProcessTable {
  readonly #users: UserNames;
  readonly #live: boolean;
  readonly #known = new Map<number, ProcessSnapshot>();
  readonly #ended = new Map<number, ProcessSnapshot>();
  readonly #attributions = new WeakMap<ProcessSnapshot, ProcessAttribution>();
  readonly #hostNamespace = mountNamespaceOf(process.pid);

  /** @param live whether {@link apply} gets the events of the process connector; without them nothing is remembered */
  constructor(users: UserNames, live: boolean) {
    this.#users = users;
    this.#live = live;
  }

  apply(event: ProcessEvent): void {
    if (event.type === 'fork') this.#forked(event.pid, event.parent);
    else if (event.type === 'exec') this.#executed(event.pid);
    else if (event.type === 'exit') this.#exited(event.pid);
    // What is remembered may have been replaced by processes nobody told of.
    else if (event.type === 'lost') this.#known.clear();
    else {
      const known = this.#known.get(event.pid);
      if (known === undefined) return;
      const ids = event.type === 'uid' ? { uid: event.effective } : { gid: event.effective };
      this.#remember({ ...known, ...ids });
    }
  }

  /** Who a process of a change is; just its pid when it ended before anything could be learned. */
  attribute(pid: number, container: WatchedContainer): ProcessAttribution {
    const found = this.#find(pid);
    if (found === null) return { pid };
    const cached = this.#attributions.get(found);
    if (cached !== undefined) return cached;
    const inside = found.mountNamespace !== this.#hostNamespace;
    const user = inside ? this.#users.nameOf(container, found.uid) : null;
    const attribution: ProcessAttribution = {
      pid,
      ppid: found.ppid,
      uid: found.uid,
      gid: found.gid,
      ...(user === null ? {} : { user }),
      ...program(found),
      ancestry: this.#ancestry(found, container).map(ancestor),
    };
    this.#attributions.set(found, attribution);
    return attribution;
  }

  /**
   * From the parent up to the container's init; where the chain does not lead there (what the engine started
   * by exec has its parent outside), up to the last one in the container's mount namespace.
   */
  #ancestry(start: ProcessSnapshot, container: WatchedContainer): ProcessSnapshot[] {
    const init = container.layer.initPid;
    if (start.pid === init) return [];
    const chain: ProcessSnapshot[] = [];
    let at: ProcessSnapshot | null = start;
    while (at !== null && at.ppid > 1 && chain.length < MAX_ANCESTORS) {
      at = this.#find(at.ppid);
      if (at !== null) chain.push(at);
      if (at?.pid === init) return chain;
    }
    const outside = chain.findIndex(({ mountNamespace }) => mountNamespace !== container.mountNamespace);
    return outside === -1 ? chain : chain.slice(0, outside);
  }

  #forked(pid: number, parentPid: number): void {
    const parent = this.#known.get(parentPid) ?? this.#read(parentPid);
    if (parent !== null) this.#remember({ ...parent, pid, ppid: parentPid });
    else if (this.#read(pid) === null) this.#known.delete(pid);
  }

  /** Ids and parent are those that earlier events told; the parent it came from says more than one that adopted it. */
  #executed(pid: number): void {
    const before = this.#known.get(pid);
    if (before === undefined) this.#read(pid);
    else this.#remember({ ...before, ...(readProgram(pid) ?? { exe: null, commandLine: null }) });
  }

  #exited(pid: number): void {
    const known = this.#known.get(pid);
    if (known === undefined) return;
    this.#known.delete(pid);
    this.#ended.delete(pid);
    this.#ended.set(pid, known);
    if (this.#ended.size > MAX_ENDED) dropOldest(this.#ended);
  }

  #find(pid: number): ProcessSnapshot | null {
    const known = this.#known.get(pid);
    if (known !== undefined) return known;
    return (this.#live ? this.#read(pid) : readProcess(pid)) ?? this.#ended.get(pid) ?? null;
  }

  #read(pid: number): ProcessSnapshot | null {
    const now = readProcess(pid);
    return now === null ? null : this.#remember(now);
  }

  #remember(snapshot: ProcessSnapshot): ProcessSnapshot {
    if (this.#known.size >= MAX_KNOWN) dropOldest(this.#known);
    this.#known.set(snapshot.pid, snapshot);
    return snapshot;
  }
}

function program(of: ProcessSnapshot): { exe?: string; commandLine?: string[] } {
  return {
    ...(of.exe === null ? {} : { exe: of.exe }),
    ...(of.commandLine === null ? {} : { commandLine: [...of.commandLine] }),
  };
}

function ancestor(of: ProcessSnapshot): { pid: number; exe?: string; commandLine?: string[] } {
  const { commandLine, ...rest } = program(of);
  if (commandLine === undefined) return { pid: of.pid, ...rest };
  const words: string[] = [];
  let left = MAX_ANCESTOR_LENGTH;
  for (const word of commandLine) {
    if (left <= 0) break;
    words.push(word.slice(0, left));
    left -= word.length + 1;
  }
  return { pid: of.pid, ...rest, commandLine: words };
}

function dropOldest(map: Map<number, unknown>): void {
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
