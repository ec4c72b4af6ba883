import {
  addPermissionMark,
  closeDescriptor,
  FileIdentity,
  type MountPoint,
  PERMISSION,
  type PermissionEvent,
} from '../../linux/index.ts';
import { ASKED } from './container-mounts.ts';
import { isInHostPids } from './host-processes.ts';
import { openOverlay, unmarkOverlay } from './overlay-root.ts';

/** The first program of a container waits so long at most until the guard has said whether the container is its own. */
const LONGEST_WAIT_MS = 700;
/** Roots that are none of the guard's. */
const MAX_PASSED = 4096;
/** Roots that nobody spoke for in time. */
const MAX_LATE = 256;

interface Newcomer {
  /** Where the engine has mounted it. */
  readonly merged: string;
  readonly device: number;
  readonly since: number;
  /** Questions that wait for the guard's word. */
  readonly waiting: PermissionEvent[];
}

/**
 * Roots of containers that the engine has just mounted and that the guard has not spoken of. The engine tells of a
 * new container about when it mounts its root, and a busy guard may hear of it after the first program has run; so
 * that one waits.
 */
export class Newcomers {
  readonly #group: number;
  readonly #new = new Map<number, Newcomer>();
  /** Mounts that were there before, or that the guard does not want. */
  #passed = new Set<string>();
  readonly #late = new Map<string, number>();
  #folder: string | null = null;

  /** @param group fanotify group that gets the marks */
  constructor(group: number) {
    this.#group = group;
  }

  /**
   * New roots below this folder are waited for from now on.
   * @param mounts of the host, as they are now
   */
  expectIn(folder: string, mounts: readonly MountPoint[]): void {
    this.#folder = folder;
    this.#passed = new Set(mounts.map(({ path }) => path));
  }

  /** @param known roots of which the guard has spoken */
  onHostMounts(mounts: readonly MountPoint[], known: ReadonlySet<string>): void {
    const folder = this.#folder;
    if (folder === null) return;
    const present = new Set<string>();
    for (const { type, path } of mounts) {
      if (type !== 'overlay' || !path.startsWith(folder)) continue;
      present.add(path);
      if (!known.has(path) && !this.#passed.has(path)) this.#greet(path);
    }
    for (const path of this.#late.keys()) if (!present.has(path)) this.#late.delete(path);
  }

  /**
   * Lets a question of a newcomer's process wait, if it is about to run a program. What is opened before that is
   * opened by the engine's own helper, and until that is done the engine answers no question of the guard's.
   *
   * @returns false when it is not to wait
   */
  hold(device: number, event: PermissionEvent): boolean {
    const newcomer = this.#new.get(device);
    if (newcomer === undefined || (event.mask & PERMISSION.EXECUTE) === 0) return false;
    if (!isInContainer(event.thread)) return false;
    newcomer.waiting.push(event);
    return true;
  }

  /**
   * The guard does not want this one.
   * @returns questions that can be answered now
   */
  pass(merged: string): PermissionEvent[] {
    // Also while it is not mounted: it may start again.
    this.#passed.add(merged);
    for (const oldest of this.#passed) {
      if (this.#passed.size <= MAX_PASSED) break;
      this.#passed.delete(oldest);
    }
    const newcomer = this.#find(merged);
    if (newcomer === undefined) return [];
    unmarkOverlay(this.#group, openOverlay(merged));
    return this.#forget(newcomer);
  }

  /**
   * The guard wants this one, which is armed by now.
   * @returns questions that can be answered now, and since when programs ran unchecked where the word came late
   */
  welcome(merged: string): { waiting: PermissionEvent[]; lateSince: number | null } {
    const newcomer = this.#find(merged);
    const lateSince = this.#late.get(merged) ?? null;
    this.#late.delete(merged);
    this.#passed.delete(merged);
    return { waiting: newcomer === undefined ? [] : this.#forget(newcomer), lateSince };
  }

  /** Milliseconds until {@link expire} is due; null when nobody waits. */
  dueIn(): number | null {
    if (this.#new.size === 0) return null;
    const oldest = Math.min(...[...this.#new.values()].map(({ since }) => since));
    return Math.max(0, oldest + LONGEST_WAIT_MS - Date.now());
  }

  /** Questions that have waited for long enough. */
  expire(): PermissionEvent[] {
    const now = Date.now();
    const answered: PermissionEvent[] = [];
    for (const newcomer of [...this.#new.values()]) {
      if (Math.abs(now - newcomer.since) < LONGEST_WAIT_MS) continue;
      if (this.#late.size < MAX_LATE) this.#late.set(newcomer.merged, newcomer.since);
      answered.push(...this.pass(newcomer.merged));
    }
    return answered;
  }

  #greet(merged: string): void {
    const fd = openOverlay(merged);
    if (fd === null) return;
    try {
      const { device } = new FileIdentity().read(fd);
      addPermissionMark(this.#group, 'filesystem', fd, ASKED);
      const known = this.#new.get(device);
      if (known?.merged === merged) return;
      // The engine has mounted it anew, or another one where an earlier one had the number.
      const before = this.#find(merged);
      if (before !== undefined) this.#new.delete(before.device);
      const waiting = [...(before?.waiting ?? []), ...(known?.waiting ?? [])];
      this.#new.set(device, { merged, device, since: Date.now(), waiting });
    } finally {
      closeDescriptor(fd);
    }
  }

  #find(merged: string): Newcomer | undefined {
    return [...this.#new.values()].find((newcomer) => newcomer.merged === merged);
  }

  #forget({ device, waiting }: Newcomer): PermissionEvent[] {
    this.#new.delete(device);
    return waiting;
  }
}

/** The engine's own helpers, which prepare the root from outside, do not wait: the guard may be waiting for them. */
function isInContainer(thread: number): boolean {
  try {
    return !isInHostPids(thread);
  } catch {
    return false;
  }
}
