import type { ProcessAttribution } from '../../contract/index.ts';
import type { ProcessEvent } from '../../linux/index.ts';
import type { WatchedContainer } from './places.ts';
import { mountNamespaceOf, type ProcessSnapshot, readProcess } from './process-snapshot.ts';
import type { UserNames } from './user-names.ts';

/** Ended processes that are remembered, for events that are read after their maker's end. */
const MAX_ENDED = 8192;
const MAX_KNOWN = 65_536;
const MAX_ANCESTORS = 32;

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
      ancestry: this.#ancestry(found, container).map((one) => ({ pid: one.pid, ...program(one) })),
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
    let parent = this.#known.get(parentPid) ?? null;
    if (parent === null) {
      parent = this.#read(parentPid);
      if (parent !== null) this.#remember(parent);
    }
    const likeness = parent ?? this.#read(pid);
    if (likeness !== null) this.#remember({ ...likeness, pid, ppid: parentPid });
    else this.#known.delete(pid);
  }

  #executed(pid: number): void {
    const before = this.#known.get(pid);
    const now = this.#read(pid);
    // The parent it was forked from says more than the one that adopted it.
    if (now !== null) this.#remember({ ...now, ppid: before?.ppid || now.ppid });
    else if (before !== undefined) this.#remember({ ...before, exe: null, commandLine: null });
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
    if (known !== undefined) {
      if (known.commandLine !== null || known.mountNamespace !== this.#hostNamespace) return known;
      // The host's own processes are only read in full when one of them changed something.
      return this.#remember(readProcess(pid) ?? known);
    }
    const now = readProcess(pid);
    if (now !== null) return this.#live ? this.#remember(now) : now;
    return this.#ended.get(pid) ?? null;
  }

  /** Little of the host's processes, all of others. */
  #read(pid: number): ProcessSnapshot | null {
    const mountNamespace = mountNamespaceOf(pid);
    if (mountNamespace === null) return null;
    if (mountNamespace !== this.#hostNamespace) return readProcess(pid);
    return { pid, ppid: 0, uid: 0, gid: 0, mountNamespace, exe: null, commandLine: null };
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

function dropOldest(map: Map<number, unknown>): void {
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
