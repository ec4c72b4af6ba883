import { controlGroupsOf } from './process-memory.ts';

interface Task {
  readonly container: string;
  /** It runs a program of the container's, not the runtime's that sets the container up. */
  readonly active: boolean;
  readonly parent: number | null;
  /** Last program that it, or whom it was forked from, has executed. */
  readonly program: string | null;
}

/** Threads of all containers that are remembered. */
const MOST_TASKS = 100_000;
const SOME = 4;
/** How a runtime executes itself once more, inside of the new container already (runc, against CVE-2019-5736). */
const RUNTIME_ITSELF = /^\/(?:proc\/self\/|dev\/fd\/)/;

/**
 * Knows which threads are a container's: those that a runtime moves into its control group, and whom they fork. The
 * runtime's own work there does not count; the container begins with the first program that is executed.
 */
export class Tasks {
  readonly #tasks = new Map<number, Task>();
  readonly #containers = new Set<string>();

  /** @param pids threads that run in it already */
  watch(container: string, pids: readonly number[]): void {
    this.#containers.add(container);
    for (const tid of pids)
      if (this.#tasks.get(tid)?.container !== container)
        this.#set(tid, { container, active: true, parent: null, program: null });
  }

  unwatch(container: string): void {
    this.#containers.delete(container);
    for (const [tid, task] of this.#tasks) if (task.container === container) this.#tasks.delete(tid);
  }

  /** A thread was moved into a control group, whose path has the container's id in it. */
  attached(tid: number, group: string): void {
    const container = this.#containerIn(group);
    const known = this.#tasks.get(tid);
    if (container === null || known?.container === container) return;
    this.#set(tid, { container, active: false, parent: null, program: null });
  }

  forked(parent: number, child: number): void {
    const task = this.#tasks.get(parent);
    if (task === undefined) this.#tasks.delete(child);
    else {
      // Who forks is the last to be forgotten.
      this.#set(parent, task);
      this.#set(child, { ...task, parent });
    }
  }

  /** @returns the container whose program it runs now */
  executed(tid: number, before: number, program: string): string | null {
    const known = this.#tasks.get(before) ?? this.#tasks.get(tid);
    const container = known?.container ?? this.#containerIn(controlGroupsOf(tid));
    if (container === null) return null;
    const active = known?.active === true || !RUNTIME_ITSELF.test(program);
    this.#set(tid, { container, active, parent: known?.parent ?? null, program });
    return active ? container : null;
  }

  ended(tid: number): void {
    this.#tasks.delete(tid);
  }

  /** The container whose program a thread runs; null for everybody else. */
  containerOf(tid: number): string | null {
    const task = this.#tasks.get(tid);
    return task?.active ? task.container : null;
  }

  /** The same, also asked of /proc when the thread's beginning was missed. */
  findContainerOf(tid: number): string | null {
    if (this.#tasks.has(tid)) return this.containerOf(tid);
    const container = this.#containerIn(controlGroupsOf(tid));
    if (container !== null) this.#set(tid, { container, active: true, parent: null, program: null });
    return container;
  }

  parentOf(tid: number): number | null {
    return this.#tasks.get(tid)?.parent ?? null;
  }

  /** A few threads of a container, oldest first. */
  someOf(container: string): number[] {
    const found: number[] = [];
    for (const [tid, task] of this.#tasks) {
      if (found.length >= SOME) break;
      if (task.container === container && task.active) found.push(tid);
    }
    return found;
  }

  /** Name of the last program that a thread has executed; null when nobody saw that. */
  programOf(tid: number): string | null {
    return this.#tasks.get(tid)?.program?.split('/').at(-1) ?? null;
  }

  #containerIn(groups: string): string | null {
    for (const container of this.#containers) if (groups.includes(container)) return container;
    return null;
  }

  #set(tid: number, task: Task): void {
    this.#tasks.delete(tid);
    this.#tasks.set(tid, task);
    if (this.#tasks.size <= MOST_TASKS) return;
    for (const oldest of this.#tasks.keys()) {
      this.#tasks.delete(oldest);
      return;
    }
  }
}
