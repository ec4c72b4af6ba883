import { readSync } from 'node:fs';
import { decodePathBytes } from '../../kernel/index.ts';
import {
  answer,
  closeDescriptor,
  FileIdentity,
  ignoreFileForGood,
  PERMISSION,
  type PermissionEvent,
  pathOfFd,
  socketsOf,
} from '../../linux/index.ts';
import type { Place } from '../verdict/access.ts';
import { isNetworkSettings } from '../verdict/content.ts';
import { judge } from '../verdict/judge.ts';
import { Attributions } from './attribution.ts';
import { ASKED } from './container-mounts.ts';
import type { Containers } from './containers.ts';
import type { Denials } from './denials.ts';
import { EventFile } from './drifted-file.ts';
import type { Guarded, Spot } from './guarded.ts';
import type { Origin } from './image-files.ts';
import type { Layers } from './layers.ts';
import type { Leases } from './leases.ts';
import { Loaders } from './loaders.ts';
import type { Newcomers } from './newcomers.ts';
import { type ThreadFacts, WaitingThread } from './opener.ts';
import { Programs } from './programs.ts';
import type { Starts } from './starts.ts';
import { openUpperFile } from './upper-file.ts';
import { Writers } from './writers.ts';
import { WrittenFiles } from './written-files.ts';

const O_ACCMODE = 3;
const O_WRONLY = 1;
/** The clock that stamps files is up to a tick behind. */
const TICK_MS = 20;
const MAX_SOCKETS = 16;
const MAX_SETTINGS_BYTES = 64 << 10;

export interface PermissionsOptions {
  readonly group: number;
  readonly containers: Containers;
  readonly leases: Leases;
  readonly denials: Denials;
  readonly newcomers: Newcomers;
  readonly layers: Layers;
  readonly starts: Starts;
}

/** Answers permission events. Nothing here opens a file of a container, or this thread would wait for itself. */
export class Permissions {
  readonly #group: number;
  readonly #containers: Containers;
  readonly #leases: Leases;
  readonly #denials: Denials;
  readonly #newcomers: Newcomers;
  readonly #layers: Layers;
  readonly #starts: Starts;
  readonly #writers = new Writers();
  readonly #writtenFiles: WrittenFiles;
  readonly #attributions = new Attributions();
  readonly #identity = new FileIdentity();
  readonly #programs = new Programs();
  readonly #loaders = new Loaders();

  constructor({ group, containers, leases, denials, newcomers, layers, starts }: PermissionsOptions) {
    this.#group = group;
    this.#layers = layers;
    this.#starts = starts;
    this.#containers = containers;
    this.#leases = leases;
    this.#denials = denials;
    this.#newcomers = newcomers;
    this.#writtenFiles = new WrittenFiles(group);
  }

  /** Lets the waiting thread go on or fail. The event's descriptor is closed, or kept for as long as it is of use. */
  handle(event: PermissionEvent): void {
    // The kernel could not open the file, and has refused by itself.
    if (event.fd < 0) return;
    const attempt = new Attempt(event);
    try {
      this.#decide(attempt);
    } finally {
      if (!attempt.isHeld) {
        // What cannot be judged is refused.
        answer(this.#group, event, attempt.allowed);
        if (!attempt.keepsDescriptor) closeDescriptor(event.fd);
      }
    }
  }

  #decide(attempt: Attempt): void {
    const { fd } = attempt.event;
    const identity = this.#identity.read(fd);
    if (this.#layers.handle(attempt.event, identity)) {
      attempt.isHeld = true;
      return;
    }
    if (!identity.isRegular) {
      ignoreFileForGood(this.#group, fd, ASKED);
      attempt.allowed = true;
      return;
    }
    const spot =
      this.#containers.spotOf(identity) ?? this.#containers.spotByThread(attempt.event.thread, identity);
    if (spot === null) {
      if (this.#newcomers.hold(identity.device, attempt.event)) {
        attempt.isHeld = true;
        return;
      }
      // Of a container that is not checked any more.
      attempt.allowed = true;
      return;
    }
    this.#containers.learnNamespace(spot.guarded, attempt.event.thread);
    if (this.#waitsForStart(attempt.event, spot.guarded)) {
      attempt.isHeld = true;
      return;
    }
    if (spot.place !== 'layer') this.#judgeDrift(attempt, spot, 'added');
    else this.#judgeLayerFile(attempt, spot);
  }

  #waitsForStart(event: PermissionEvent, guarded: Guarded): boolean {
    return this.#starts.keepWaiting(guarded.target.id, event, () =>
      new WaitingThread(event.thread, this.#factsOf(guarded), this.#identity).isInside(guarded),
    );
  }

  #judgeLayerFile(attempt: Attempt, spot: Spot): void {
    const { guarded } = spot;
    const { id } = guarded.target;
    const { fd } = attempt.event;
    const { key } = this.#identity;
    if (this.#leases.has(id, key)) {
      attempt.allowed = true;
      return;
    }
    // The lease first: from here on the file stays what it is.
    if (!this.#leases.take(fd)) {
      this.#judgeDrift(attempt, spot, guarded.images.originOf(fd, this.#identity));
      return;
    }
    const origin = guarded.images.originOf(fd, this.#identity.read(fd));
    const upper = origin === 'changed' ? this.#holdUnchanged(guarded, fd) : null;
    if (origin === 'image' || upper !== null) {
      this.#leases.keep(fd, id, this.#identity, ASKED, upper);
      attempt.allowed = true;
      attempt.keepsDescriptor = true;
      return;
    }
    this.#leases.drop(fd);
    this.#judgeDrift(attempt, spot, origin);
  }

  /**
   * Whether a file that the engine binds into `/etc` holds what the engine writes there. Each look-up of a name opens
   * it, so it is not asked about again until somebody wants to write to it.
   */
  #isSettled(attempt: Attempt, guarded: Guarded, opener: WaitingThread): boolean {
    const { fd } = attempt.event;
    const { id } = guarded.target;
    if (opener.mayWrite() || opener.fromLoader() || this.#leases.has(id, this.#identity.key)) return false;
    if (!this.#leases.take(fd)) return false;
    const { size } = this.#identity.read(fd);
    const head = Buffer.alloc(Math.min(size, MAX_SETTINGS_BYTES));
    const text = head.subarray(0, readSync(fd, head, 0, head.length, 0));
    if (!isNetworkSettings(pathIn(guarded, fd), text, size)) {
      this.#leases.drop(fd);
      return false;
    }
    this.#leases.keep(fd, id, this.#identity, PERMISSION.OPEN, null);
    attempt.keepsDescriptor = true;
    return true;
  }

  /**
   * Whether a file that was copied up is what it is in the image, and stays so.
   * @returns its file in the writable layer, under a lease; null when it is drift
   */
  #holdUnchanged(guarded: Guarded, fd: number): number | null {
    const path = pathIn(guarded, fd);
    const upper = this.#leaseUpper(guarded, path);
    if (upper === null) return null;
    if (guarded.images.isUnchangedContent(fd, path, this.#identity)) return upper;
    closeDescriptor(upper);
    return null;
  }

  /** @returns null while somebody has the file open or mapped for writing */
  #leaseUpper({ target }: Guarded, path: string): number | null {
    const upper = openUpperFile(target.upper, path, this.#identity);
    if (upper === null) return null;
    if (this.#leases.take(upper)) return upper;
    closeDescriptor(upper);
    return null;
  }

  #judgeDrift(attempt: Attempt, { guarded, place }: Spot, origin: Origin): void {
    const { event } = attempt;
    const opener = new WaitingThread(event.thread, this.#factsOf(guarded), this.#identity);
    const { target, overlay } = guarded;
    const identity = this.#identity;
    const kind = (event.mask & PERMISSION.EXECUTE) !== 0 ? 'execute' : 'open';
    // The kernel opens what it runs, and has asked about that already.
    if (kind === 'open' && opener.executes()) {
      attempt.allowed = true;
      return;
    }
    if (kind === 'open' && place === 'engine-file' && this.#isSettled(attempt, guarded, opener)) {
      attempt.allowed = true;
      return;
    }
    const key = target.id + identity.key;
    if (kind === 'open' && (event.mask & PERMISSION.OPEN) !== 0) {
      if (opener.mayWrite()) {
        const since = (overlay?.since ?? Number.POSITIVE_INFINITY) - TICK_MS;
        const isNew = origin === 'added' && identity.size === 0 && (identity.birthMs ?? 0) >= since;
        const exe = opener.exe();
        this.#writers.note(key, isNew, exe, this.#attributions.of(event.thread, exe));
      }
      const flags = opener.openFlags();
      if (flags !== null && (flags & O_ACCMODE) === O_WRONLY) {
        if (this.#writtenFiles.note(key, event.fd)) this.#writers.lose(key);
        attempt.allowed = true;
        return;
      }
      this.#writtenFiles.forget(key);
    }
    this.#judge(attempt, guarded, key, opener, {
      kind,
      image: target.image,
      file: new EventFile({
        fd: event.fd,
        path: pathIn(guarded, event.fd),
        place,
        fromImage: origin !== 'added',
        identity,
        writers: this.#writers,
        writersKey: key,
        holdStill: () => this.#holdStill(attempt, guarded, place),
      }),
      opener,
      policy: target.policy,
      now: Date.now(),
    });
  }

  #judge(
    attempt: Attempt,
    guarded: Guarded,
    key: string,
    opener: WaitingThread,
    asked: Parameters<typeof judge>[0],
  ): void {
    const { target } = guarded;
    const verdict = judge(asked);
    const { event } = attempt;
    try {
      // The engine and its user look into a container from outside: docker cp, an export, a scanner.
      if (verdict.allowed || !opener.isInside(guarded)) {
        attempt.allowed = true;
        return;
      }
      attempt.allowed = !target.enforce;
      const { access, reason, allow } = verdict;
      const exe = opener.exe();
      // A shell that may not run a file tries to read it as a script next.
      const kind = [this.#identity.version, target.id, exe, target.enforce].join('\n');
      if (this.#denials.repeat(kind)) return;
      const who = this.#attributions.of(event.thread, exe);
      const sockets = socketsOf(event.thread, MAX_SOCKETS);
      const denial = {
        enforced: target.enforce,
        path: asked.file.path,
        access,
        sha256: null,
        size: asked.file.size,
        reason,
        writer: this.#writers.lastOf(key),
        reader: { ...who, ...(sockets.length === 0 ? {} : { sockets }) },
        allow,
        times: 1,
      };
      attempt.keepsDescriptor = this.#denials.tell(kind, target.id, denial, event.fd);
    } finally {
      if (attempt.still !== null) this.#letMove(attempt, attempt.still);
    }
  }

  /** A file that is allowed by its hash is held still for as long as opening it may take; a writer waits so long. */
  #letMove(attempt: Attempt, still: readonly number[]): void {
    if (attempt.allowed) {
      attempt.keepsDescriptor = true;
      this.#leases.keepStill(still);
      return;
    }
    for (const fd of still) {
      this.#leases.drop(fd);
      if (fd !== attempt.event.fd) closeDescriptor(fd);
    }
  }

  #factsOf(guarded: Guarded): ThreadFacts {
    return {
      program: (thread) => this.#programs.of(thread, guarded),
      isLoader: (thread, program, instruction) => this.#loaders.isLoader(thread, program, instruction),
    };
  }

  /** While its hash is computed, and until it was opened, nobody may write to it. */
  #holdStill(attempt: Attempt, guarded: Guarded, place: Place): boolean {
    const { fd } = attempt.event;
    if (attempt.still !== null) return true;
    if (!this.#leases.take(fd)) return false;
    const upper = place === 'layer' ? this.#leaseUpper(guarded, pathIn(guarded, fd)) : null;
    attempt.still = upper === null ? [fd] : [fd, upper];
    if (place !== 'layer' || upper !== null) return true;
    this.#leases.drop(fd);
    attempt.still = null;
    return false;
  }
}

/** One question of the kernel, while it is being answered. */
class Attempt {
  readonly event: PermissionEvent;
  allowed = false;
  keepsDescriptor = false;
  /** Descriptors under a lease while the file is hashed. */
  still: readonly number[] | null = null;
  /** It is answered elsewhere, maybe later. */
  isHeld = false;

  constructor(event: PermissionEvent) {
    this.event = event;
  }
}

const DELETED = ' (deleted)';

/** The file's path in the container; a file that was opened through the engine's own mount has that before it. */
function pathIn({ target }: Guarded, fd: number): string {
  let path: string;
  try {
    path = decodePathBytes(pathOfFd(fd));
  } catch {
    // ENAMETOOLONG: the kernel prints no more than 4,096 bytes.
    return TOO_LONG;
  }
  const inside = path.startsWith(`${target.merged}/`) ? path.slice(target.merged.length) : path;
  return inside.endsWith(DELETED) ? inside.slice(0, -DELETED.length) : inside;
}

/** No name in a directory has a slash at its end. */
const TOO_LONG = '/…a path of more than 4,096 bytes…/';
