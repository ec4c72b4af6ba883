import { fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { decodePathBytes, encodePathBytes } from '../../kernel/index.ts';
import {
  closeDescriptor,
  type EntryRecord,
  filesystemId,
  markFilesystem,
  mountNamespaceOf,
  openByHandle,
  pathOfFd,
  unmarkFilesystem,
} from '../../linux/index.ts';
import { nearestPrintedPath, printedPath } from './printed-path.ts';

import type { WatchedLayer } from './protocol.ts';

/** A watched container, as the worker knows it. */
export interface WatchedContainer {
  readonly layer: WatchedLayer;
  /** Mount namespace of its init, e.g. `mnt:[4026532514]`; null when it does not run. */
  readonly mountNamespace: string | null;
  /** Its upper directory as the kernel prints it, one character a byte. */
  readonly upper: string;
  readonly view: View;
  /** Goes up when its directories move: cached places of an older generation are looked up again. */
  generation: number;
}

/** A mount through which handles of one filesystem are seen: paths only make sense below a mount that covers them. */
interface View {
  readonly fsid: string;
  readonly mountId: string;
  readonly fd: number;
  readonly containers: Set<string>;
}

/** Where a directory lies: in a container's upper layer, or in the directory where overlayfs prepares changes of it. */
export interface Place {
  readonly container: WatchedContainer;
  /** `beyond`: in the upper layer, but deeper than the kernel prints paths (4,096 bytes). */
  readonly area: 'upper' | 'work' | 'beyond';
  /** Absolute path in the container; empty for its root. */
  readonly path: string;
  readonly generation: number;
}

/** Directories whose place is remembered; 0.15 µs for one that is, 10 µs for one that is not. */
const MAX_CACHED = 65_536;
/** Characters of all remembered paths together. */
const MAX_CACHED_LENGTH = 16 << 20;
/** The kernel prints no longer paths; a container could make one as long as it likes. */
const MAX_PATH_LENGTH = 4096;
const DELETED = ' (deleted)';

/** Knows the watched containers, and finds for a directory's handle whose it is and where. */
export class Places {
  readonly #group: number;
  readonly #containers = new Map<string, WatchedContainer>();
  #views: View[] = [];
  /** By the key of an EntryRecord; null for directories of no watched container. */
  readonly #cache = new Map<string, Place | null>();
  #cachedLength = 0;

  /** @param group fanotify group that gets the marks */
  constructor(group: number) {
    this.#group = group;
  }

  /**
   * Begins to watch a container, or takes note of what changed of one (its init, after a restart).
   *
   * @throws {PristineError} E_SYSCALL, or a Node system error when the upper directory cannot be opened
   */
  watch(layer: WatchedLayer): void {
    const before = this.#containers.get(layer.id);
    const fd = openSync(encodePathBytes(layer.upper), 'r');
    let keep = false;
    try {
      const fsid = filesystemId(fd).toString('latin1');
      const mountId = mountIdOf(fd);
      let view = this.#views.find((known) => known.fsid === fsid && known.mountId === mountId);
      if (view === undefined) {
        markFilesystem(this.#group, fd);
        view = { fsid, mountId, fd, containers: new Set() };
        this.#views.push(view);
        keep = true;
      }
      view.containers.add(layer.id);
      const upper = pathOfFd(fd).toString('latin1');
      const mountNamespace = layer.initPid === null ? null : mountNamespaceOf(layer.initPid);
      this.#containers.set(layer.id, { layer, mountNamespace, upper, view, generation: 0 });
      // Only now, so that a mark that both need is never away.
      if (before !== undefined && before.view !== view) this.#leave(before);
    } finally {
      if (!keep) closeDescriptor(fd);
      this.#forgetAll();
    }
  }

  unwatch(id: string): void {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    this.#containers.delete(id);
    this.#forgetAll();
    this.#leave(container);
  }

  #leave({ layer, view }: WatchedContainer): void {
    view.containers.delete(layer.id);
    if (view.containers.size > 0) return;
    this.#views = this.#views.filter((other) => other !== view);
    if (!this.#views.some(({ fsid }) => fsid === view.fsid)) unmarkFilesystem(this.#group, view.fd);
    closeDescriptor(view.fd);
  }

  close(): void {
    for (const { fd } of this.#views) closeDescriptor(fd);
    this.#views = [];
    this.#containers.clear();
    this.#forgetAll();
  }

  /** Opens a file of one of the watched filesystems as a place only; null when it is gone. */
  open(record: EntryRecord): number | null {
    const fsid = record.fsid.toString('latin1');
    const view = this.#views.find((known) => known.fsid === fsid);
    return view === undefined ? null : openByHandle(view.fd, record.handle);
  }

  /** Whose directory it is; null when it is of no watched container, or gone. */
  ofDirectory(record: EntryRecord): Place | null {
    const cached = this.#cache.get(record.key);
    if (cached === null) return null;
    if (cached !== undefined && cached.generation === cached.container.generation) return cached;
    return this.#lookUp(record, true);
  }

  /** Where a file that is no directory lies now, by one of its names; null when it is of no container, or gone. */
  ofFile(record: EntryRecord): Place | null {
    return this.#lookUp(record, false);
  }

  /** A directory has just appeared there: known so, what happens in it has a path even when it is gone by now. */
  learn(directory: EntryRecord, place: Place): void {
    const beyond = place.path.length > MAX_PATH_LENGTH;
    this.#remember(directory.key, beyond ? { ...place, area: 'beyond', path: '' } : place);
  }

  #lookUp(record: EntryRecord, cache: boolean): Place | null {
    const fsid = record.fsid.toString('latin1');
    let found = false;
    for (const view of this.#views) {
      if (view.fsid !== fsid) continue;
      const fd = openByHandle(view.fd, record.handle);
      if (fd === null) return null;
      try {
        const place = this.#placeOf(fd, view);
        if (place !== null && place !== 'deleted') {
          if (cache) this.#remember(record.key, place);
          return place;
        }
        found ||= place !== 'deleted';
      } finally {
        closeDescriptor(fd);
      }
    }
    if (found && cache) this.#remember(record.key, null);
    return null;
  }

  #placeOf(fd: number, view: View): Place | null | 'deleted' {
    const path = printedPath(fd);
    if (path === null) {
      const above = nearestPrintedPath(fd);
      if (above === null) return 'deleted';
      const place = this.#match(above, view);
      return place === null ? null : { ...place, area: 'beyond', path: '' };
    }
    // A name may itself end like that, so only a file without any name counts as deleted.
    if (path.endsWith(DELETED) && fstatSync(fd).nlink === 0) return 'deleted';
    return this.#match(path, view);
  }

  #match(path: string, view: View): Place | null {
    for (const id of view.containers) {
      const container = this.#containers.get(id);
      if (container === undefined) continue;
      const { upper, generation } = container;
      if (path.startsWith(upper) && (path.length === upper.length || path[upper.length] === '/')) {
        const inside = decodePathBytes(Buffer.from(path.slice(upper.length), 'latin1'));
        return { container, area: 'upper', path: inside, generation };
      }
      // Engines keep overlayfs's work directory beside the upper one, under this name.
      if (path.startsWith(`${dirname(upper)}/work/`)) {
        return { container, area: 'work', path: '', generation };
      }
    }
    return null;
  }

  #remember(key: string, place: Place | null): void {
    this.#drop(key);
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size < MAX_CACHED && this.#cachedLength < MAX_CACHED_LENGTH) break;
      this.#drop(oldest);
    }
    this.#cache.set(key, place);
    this.#cachedLength += place?.path.length ?? 0;
  }

  #drop(key: string): void {
    this.#cachedLength -= this.#cache.get(key)?.path.length ?? 0;
    this.#cache.delete(key);
  }

  #forgetAll(): void {
    this.#cache.clear();
    this.#cachedLength = 0;
  }
}

function mountIdOf(fd: number): string {
  return /^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '';
}
