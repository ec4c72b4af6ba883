import { fstatSync } from 'node:fs';
import { decodePathBytes } from '../../kernel/index.ts';
import { closeDescriptor, type EntryRecord, FAN, type FilesystemEvent, hasXattr } from '../../linux/index.ts';
import type { SensorEvent } from '../port.ts';
import type { Place, Places, WatchedContainer } from './places.ts';

export type Operation = Extract<SensorEvent, { type: 'touched' }>['operation'];

/** One touched path of a container, before anybody asked who did it. */
export interface Touch {
  readonly container: WatchedContainer;
  readonly path: string;
  readonly operation: Operation;
  readonly subtree: boolean;
}

export interface Translation {
  readonly touches: readonly Touch[];
  /** Containers with a change at a place that has no printable path. */
  readonly beyond: readonly WatchedContainer[];
}

/** Copied-up files whose copy was already reported, so that a hard link to one counts as new. */
const MAX_COPIED_UP = 4096;

/**
 * Says what an event on the filesystem below overlayfs means for the containers. Overlayfs turns one operation
 * into several: it copies an image's file up under its final name, and prepares whiteouts, directories and
 * replacements in its work directory and renames them into place (see Documentation/filesystems/overlayfs.rst).
 */
export class Translator {
  readonly #places: Places;
  readonly #copiedUp = new Set<string>();

  constructor(places: Places) {
    this.#places = places;
  }

  translate(event: FilesystemEvent): Translation {
    const touches: Touch[] = [];
    const beyond: WatchedContainer[] = [];
    const touch = (place: Place, name: Buffer | null, operation: Operation, subtree = false): void => {
      if (place.area === 'beyond') beyond.push(place.container);
      else if (place.area === 'upper') {
        touches.push({ container: place.container, path: join(place.path, name), operation, subtree });
      }
    };
    if (event.mask & FAN.RENAME) this.#renamed(event, touch);
    else if (event.entry === null) this.#nameless(event, touch);
    else this.#named(event, event.entry, touch);
    return { touches, beyond };
  }

  #named(event: FilesystemEvent, entry: EntryRecord, touch: Report): void {
    const place = this.#places.ofDirectory(entry);
    if (place === null) return;
    // A file that was copied up goes on being reported under its temporary name in the work directory.
    if (place.area === 'work') {
      this.#nameless(event, touch);
      return;
    }
    const { mask } = event;
    if (mask & FAN.CREATE) this.#learn(event, place, entry.name);
    if (mask & FAN.CREATE) touch(place, entry.name, this.#copied(event) ? 'write' : 'create');
    if (mask & (FAN.MODIFY | FAN.CLOSE_WRITE)) touch(place, entry.name, 'write');
    if (mask & FAN.ATTRIB) touch(place, entry.name, 'attributes');
    if (mask & FAN.DELETE) touch(place, entry.name, 'delete');
  }

  /** A file without a useful name: only changes of content, as its other events come from hard links of whiteouts. */
  #nameless(event: FilesystemEvent, touch: Report): void {
    if (event.file === null || (event.mask & (FAN.MODIFY | FAN.CLOSE_WRITE)) === 0) return;
    const place = this.#places.ofFile(event.file);
    if (place !== null) touch(place, null, 'write');
  }

  #renamed(event: FilesystemEvent, touch: Report): void {
    const from = event.entry === null ? null : this.#places.ofDirectory(event.entry);
    const to = event.renamedTo === null ? null : this.#places.ofDirectory(event.renamedTo);
    if (from === null && to === null) return;
    const directory = (event.mask & FAN.ONDIR) !== 0;
    if (from?.area === 'work') {
      if (to !== null && event.renamedTo !== null) this.#learn(event, to, event.renamedTo.name);
      if (to !== null && event.renamedTo !== null) touch(to, event.renamedTo.name, this.#arrived(event));
      return;
    }
    if (directory) {
      if (from !== null) from.container.generation++;
      if (to !== null) to.container.generation++;
      if (to !== null && event.renamedTo !== null) this.#learn(event, to, event.renamedTo.name);
    }
    // What goes into the work directory made room for something whose own event says what happened.
    if (to?.area === 'work') return;
    if (from !== null && event.entry !== null) touch(from, event.entry.name, 'rename', directory);
    if (to !== null && event.renamedTo !== null) touch(to, event.renamedTo.name, 'rename', directory);
  }

  #learn(event: FilesystemEvent, parent: Place, name: Buffer): void {
    if ((event.mask & FAN.ONDIR) === 0 || event.file === null) return;
    const { container, area } = parent;
    const { generation } = container;
    this.#places.learn(event.file, { container, area, path: join(parent.path, name), generation });
  }

  /** What it means that something came out of the work directory. */
  #arrived(event: FilesystemEvent): Operation {
    const found = this.#inspect(event.file);
    if (found?.whiteout) return 'delete';
    if (!found?.copiedUp) return 'create';
    return event.mask & FAN.ONDIR ? 'attributes' : 'write';
  }

  /** Whether a new name in the upper layer is an image's file that was copied up, not a new file. */
  #copied(event: FilesystemEvent): boolean {
    if (event.file === null || !this.#inspect(event.file)?.copiedUp) return false;
    const { key } = event.file;
    if (this.#copiedUp.has(key)) return false;
    if (this.#copiedUp.size >= MAX_COPIED_UP) this.#copiedUp.clear();
    this.#copiedUp.add(key);
    return true;
  }

  #inspect(file: EntryRecord | null): { whiteout: boolean; copiedUp: boolean } | null {
    const fd = file === null ? null : this.#places.open(file);
    if (fd === null) return null;
    try {
      const { rdev, mode } = fstatSync(fd);
      const whiteout = (mode & S_IFMT) === S_IFCHR && rdev === 0;
      return { whiteout, copiedUp: hasXattr(fd, 'trusted.overlay.origin') };
    } finally {
      closeDescriptor(fd);
    }
  }
}

type Report = (place: Place, name: Buffer | null, operation: Operation, subtree?: boolean) => void;

const S_IFMT = 0o170000;
const S_IFCHR = 0o020000;

function join(directory: string, name: Buffer | null): string {
  if (name === null || (name.length === 1 && name[0] === DOT)) return directory === '' ? '/' : directory;
  return `${directory}/${decodePathBytes(name)}`;
}

const DOT = 0x2e;
