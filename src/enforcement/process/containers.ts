import { openSync, readFileSync } from 'node:fs';
import { messageOf } from '../../kernel/index.ts';
import {
  addPermissionMark,
  closeDescriptor,
  type Epoll,
  FileIdentity,
  handleOfFd,
  mountNamespaceOf,
  openPidfd,
  readMounts,
} from '../../linux/index.ts';
import type { EnforcementTarget } from '../port.ts';
import type { EnforcerReport } from '../protocol.ts';
import { Attributions } from './attribution.ts';
import { ASKED, markMounts, unmarkMounts } from './container-mounts.ts';
import type { Guarded, Namespace, Spot } from './guarded.ts';
import { ImageFiles } from './image-files.ts';
import type { Newcomers } from './newcomers.ts';
import { openOverlay, unmarkOverlay } from './overlay-root.ts';
import { type RunningDrift, runningDrift } from './running-drift.ts';

export interface ContainersOptions {
  readonly group: number;
  readonly epoll: Epoll;
  readonly report: (report: EnforcerReport) => void;
  readonly newcomers: Newcomers;
  /** The container does not run any more: what is kept open of it must be let go, or it cannot be unmounted. */
  readonly onStopped: (containerId: string) => void;
}

/**
 * The containers to be checked, each armed as soon as its root is mounted: the engine mounts it some 100 ms before
 * the first program runs. Their other mounts come into being later, in a mount namespace of the container's own;
 * they are marked at the first event out of it, before that is answered.
 */
export class Containers {
  readonly #options: ContainersOptions;
  readonly #byId = new Map<string, Guarded>();
  readonly #byDevice = new Map<number, Spot>();
  readonly #byMount = new Map<number, Spot>();
  readonly #namespaceOf = new Map<number, { guarded: Guarded; name: string }>();
  readonly #hostMounts: number;
  readonly #attributions = new Attributions();
  /** What ran when a container was armed, to be looked at once more. */
  readonly #suspects = new Map<string, readonly RunningDrift[]>();

  constructor(options: ContainersOptions) {
    this.#options = options;
    this.#hostMounts = openSync('/proc/self/mountinfo', 'r');
    options.epoll.add(this.#hostMounts, 'change');
  }

  /**
   * Checks a container from now on, or takes note of what is new about it.
   *
   * @throws {PristineError} E_SYSCALL, or Node's error when a layer cannot be opened
   */
  protect(target: EnforcementTarget): void {
    const known = this.#byId.get(target.id);
    const guarded = known ?? {
      target,
      images: new ImageFiles(target.lower),
      overlay: null,
      given: null,
      namespaces: new Map<string, Namespace>(),
    };
    guarded.target = target;
    this.#byId.set(target.id, guarded);
    this.#arm(guarded);
    if (target.pid === null || guarded.overlay === null) return;
    this.learnNamespace(guarded, target.pid);
    if (known === undefined) this.#suspects.set(target.id, runningDrift(guarded));
  }

  /**
   * To be called about each second: tells the programs that ran before their container was armed. Not at once, as
   * the engine's own program stands in a container for a moment when it starts a process there.
   */
  tick(): void {
    for (const [id, before] of this.#suspects) {
      this.#suspects.delete(id);
      const guarded = this.#byId.get(id);
      if (guarded === undefined || before.length === 0) continue;
      for (const { pid, path } of runningDrift(guarded)) {
        if (!before.some((suspect) => suspect.pid === pid && suspect.path === path)) continue;
        const process = this.#attributions.of(pid, null);
        this.#options.report({ type: 'already-running', containerId: id, at: Date.now(), path, process });
      }
    }
  }

  release(containerId: string): void {
    const guarded = this.#byId.get(containerId);
    if (guarded === undefined) return;
    this.#unmark(guarded);
    this.#disarm(guarded);
    guarded.images.close();
    this.#byId.delete(containerId);
  }

  has(containerId: string): boolean {
    return this.#byId.has(containerId);
  }

  /** Whose file it is; null when it is of no container any more. */
  spotOf(identity: FileIdentity): Spot | null {
    return this.#byDevice.get(identity.device) ?? this.#byMount.get(identity.mountId) ?? null;
  }

  /**
   * The same for a mount that is not known: the process through which its namespace was seen may have ended.
   */
  spotByThread(thread: number, identity: FileIdentity): Spot | null {
    const guarded = this.#ofThread(thread);
    if (guarded === null) return null;
    this.learnNamespace(guarded, thread);
    return this.spotOf(identity);
  }

  /** A thread asks: its mount namespace may be one that nobody has seen yet. */
  learnNamespace(guarded: Guarded, thread: number): void {
    const name = mountNamespaceOf(thread);
    if (name === null || guarded.namespaces.has(name)) return;
    const marked = markMounts(this.#options.group, guarded, thread);
    if (marked === null) return;
    const pidfd = openPidfd(thread);
    if (pidfd === null) return;
    const namespace: Namespace = {
      pid: thread,
      mountinfo: openSync(`/proc/${thread}/mountinfo`, 'r'),
      pidfd,
      ...marked,
    };
    guarded.namespaces.set(name, namespace);
    this.#options.epoll.add(namespace.mountinfo, 'change');
    this.#options.epoll.add(pidfd, 'read');
    this.#namespaceOf.set(namespace.mountinfo, { guarded, name });
    this.#namespaceOf.set(pidfd, { guarded, name });
    this.#place(guarded, namespace);
    this.#tellArmed(guarded, marked.gaps);
  }

  /** One of the descriptors that wait in the epoll instance is ready. */
  onReady(fd: number): void {
    if (fd === this.#hostMounts) {
      this.#onHostMounts();
      return;
    }
    const found = this.#namespaceOf.get(fd);
    const namespace = found?.guarded.namespaces.get(found.name);
    if (found === undefined || namespace === undefined) return;
    if (fd === namespace.pidfd) this.#onExit(found.guarded, found.name, namespace);
    else this.#onMounts(found.guarded, namespace);
  }

  close(): void {
    for (const id of [...this.#byId.keys()]) this.release(id);
    this.#options.epoll.remove(this.#hostMounts);
    closeDescriptor(this.#hostMounts);
  }

  #ofThread(thread: number): Guarded | null {
    const groups = controlGroupsOf(thread);
    for (const guarded of this.#byId.values()) if (groups.includes(guarded.target.id)) return guarded;
    return null;
  }

  #onHostMounts(): void {
    const mounts = readMounts('self');
    const mounted = new Set(mounts.map(({ path }) => path));
    for (const guarded of this.#byId.values()) {
      const isMounted = mounted.has(guarded.target.merged);
      if (isMounted) this.#armOrTell(guarded);
      else if (guarded.overlay !== null && guarded.namespaces.size === 0) this.#disarm(guarded);
    }
    this.#options.newcomers.onHostMounts(
      mounts,
      new Set([...this.#byId.values()].map(({ target }) => target.merged)),
    );
  }

  #armOrTell(guarded: Guarded): void {
    try {
      this.#arm(guarded);
    } catch (error) {
      this.#tellArmed(guarded, [`Its programs are not refused: ${messageOf(error)}.`]);
    }
  }

  /**
   * Marks the root's overlay, when it is mounted. Also when it seems to be marked: the engine mounts a root several
   * times while it makes and starts a container, and each time may get the number that the last one had.
   */
  #arm(guarded: Guarded): void {
    const fd = openRoot(guarded.target);
    if (fd === null) return;
    try {
      const { device } = new FileIdentity().read(fd);
      if (guarded.overlay?.device !== device) {
        // Before a mark: a kernel that gives no such handle must not have every program refused.
        handleOfFd(fd, { identityOnly: true });
        if (guarded.overlay !== null) this.#disarm(guarded);
        guarded.overlay = { device, since: Date.now() };
        this.#byDevice.set(device, { guarded, place: 'layer' });
      }
      addPermissionMark(this.#options.group, 'filesystem', fd, ASKED);
    } finally {
      closeDescriptor(fd);
    }
  }

  #disarm(guarded: Guarded): void {
    for (const [name, namespace] of guarded.namespaces) this.#forget(guarded, name, namespace);
    if (guarded.overlay !== null) forget(this.#byDevice, guarded.overlay.device, guarded);
    guarded.overlay = null;
    guarded.given = null;
    this.#options.onStopped(guarded.target.id);
  }

  #unmark(guarded: Guarded): void {
    const { group } = this.#options;
    for (const { pid, mounts } of guarded.namespaces.values()) unmarkMounts(group, guarded, pid, mounts);
    unmarkOverlay(group, openRoot(guarded.target));
  }

  /** Something was mounted in a container, or unmounted. */
  #onMounts(guarded: Guarded, namespace: Namespace): void {
    const before = new Set(namespace.mounts.map(({ id }) => id));
    const marked = markMounts(this.#options.group, guarded, namespace.pid);
    if (marked === null) return;
    this.#displace(guarded, namespace);
    namespace.mounts = marked.mounts;
    namespace.gaps = marked.gaps;
    this.#place(guarded, namespace);
    if (marked.mounts.some(({ id }) => !before.has(id))) this.#tellArmed(guarded, marked.gaps);
  }

  /** The process through which a namespace was seen has ended; with its first process a container ends. */
  #onExit(guarded: Guarded, name: string, namespace: Namespace): void {
    this.#forget(guarded, name, namespace);
    if (guarded.namespaces.size === 0) this.#options.onStopped(guarded.target.id);
  }

  #forget(guarded: Guarded, name: string, namespace: Namespace): void {
    const { epoll } = this.#options;
    this.#displace(guarded, namespace);
    guarded.namespaces.delete(name);
    for (const fd of [namespace.mountinfo, namespace.pidfd]) {
      epoll.remove(fd);
      this.#namespaceOf.delete(fd);
      // An open mountinfo keeps the container's mounts alive.
      closeDescriptor(fd);
    }
  }

  #place(guarded: Guarded, { mounts }: Namespace): void {
    for (const { id, device, place, object } of mounts) {
      if (object === 'filesystem') this.#byDevice.set(device, { guarded, place });
      else this.#byMount.set(id, { guarded, place });
    }
  }

  #displace(guarded: Guarded, { mounts }: Namespace): void {
    for (const { id, device, object } of mounts) {
      if (object === 'filesystem') forget(this.#byDevice, device, guarded);
      else forget(this.#byMount, id, guarded);
    }
  }

  #tellArmed({ target }: Guarded, gaps: readonly string[]): void {
    this.#options.report({ type: 'armed', containerId: target.id, at: Date.now(), gaps });
  }
}

/** The root directory of the container's overlay; null when it is not mounted where this process sees it. */
function openRoot({ id, merged, pid }: EnforcementTarget): number | null {
  const root = openOverlay(merged);
  // A pid may be another process's by now.
  if (root !== null || pid === null || !controlGroupsOf(pid).includes(id)) return root;
  return openOverlay(`/proc/${pid}/root`);
}

/** The control groups of a thread (proc_pid_cgroup(5)), which hold its container's id; empty when it is gone. */
function controlGroupsOf(thread: number): string {
  try {
    return readFileSync(`/proc/${thread}/cgroup`, 'latin1');
  } catch {
    return '';
  }
}

/** Numbers of devices and mounts are used again at once: what is another container's by now stays. */
function forget(spots: Map<number, Spot>, number: number, guarded: Guarded): void {
  if (spots.get(number)?.guarded === guarded) spots.delete(number);
}
