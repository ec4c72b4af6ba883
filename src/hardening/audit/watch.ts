import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { WatchedImage } from '../../contract/index.ts';
import { decodePathBytes } from '../../kernel/index.ts';
import {
  addPermissionMark,
  closeDescriptor,
  ignoreFileForGood,
  O_PATH,
  OPENED,
  openOpenGroup,
  parsePermissionEvents,
  readAvailable,
} from '../../linux/index.ts';
import type { ImageContent } from './image.ts';

const POLL_MS = 20;
/** So many paths are remembered of one container; a container can make and open as many as it likes. */
const MOST_PATHS = 1_000_000;
const LARGEST_FOLDERS = 8;

/** What a container opens, from the moment on that it is made. */
export interface OpenWatch extends Disposable {
  /** Reads what has been told since; to be called every few milliseconds. */
  drain(): void;
  /** Paths in the container. */
  readonly opened: ReadonlySet<string>;
}

/**
 * Has the kernel tell which files are opened on a running container's root (fanotify(7), on the mount itself, so
 * that nobody else's opening counts). Each file is told of once.
 *
 * @throws {PristineError} E_SYSCALL
 */
export function watchOpens(pid: number): OpenWatch {
  const opened = new Set<string>();
  const group = openOpenGroup();
  try {
    const root = openSync(`/proc/${pid}/root`, O_PATH);
    try {
      addPermissionMark(group, 'mount', root, OPENED);
    } finally {
      closeSync(root);
    }
  } catch (error) {
    closeDescriptor(group);
    throw error;
  }
  const buffer = Buffer.alloc(8192);
  return {
    opened,
    drain: () => {
      for (;;) {
        const length = readAvailable(group, buffer, 'read(fanotify)');
        if (length === 0) return;
        for (const { fd } of parsePermissionEvents(buffer, length)) {
          if (fd < 0) continue;
          try {
            const path = decodePathBytes(readlinkSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' }));
            if (opened.size < MOST_PATHS) opened.add(path);
            ignoreFileForGood(group, fd, OPENED);
          } finally {
            closeDescriptor(fd);
          }
        }
      }
    },
    [Symbol.dispose]: () => closeDescriptor(group),
  };
}

/** Reads several watches until the time is over. */
export async function watchFor(
  seconds: number,
  watches: readonly OpenWatch[],
  signal?: AbortSignal,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    await setTimeout(POLL_MS, undefined, signal === undefined ? {} : { signal });
    for (const watch of watches) watch.drain();
  }
}

/** Files that processes have mapped, programs and libraries among them: they were opened before the watch. */
export function mappedFiles(pids: readonly number[]): Set<string> {
  const found = new Set<string>();
  for (const pid of pids) {
    for (const line of mapsOf(pid)) {
      const path = /^(?:\S+ +){5}(\/.*)$/.exec(line)?.[1];
      if (path !== undefined) found.add(decodePathBytes(Buffer.from(path, 'latin1')));
    }
  }
  return found;
}

function mapsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n');
  } catch {
    return [];
  }
}

/** What of an image was opened, and what was not. */
export function watchedImage(
  { sizes, firstNames }: ImageContent,
  opened: Iterable<string>,
  seconds: number,
): WatchedImage {
  const used = new Set<string>();
  for (const path of opened) used.add(firstNames.get(path) ?? path);
  const total = { opened: { files: 0, bytes: 0 }, neverOpened: { files: 0, bytes: 0 } };
  const folders = new Map<string, { files: number; bytes: number }>();
  for (const [path, size] of sizes ?? []) {
    const sum = used.has(path) ? total.opened : total.neverOpened;
    add(sum, size);
    if (sum === total.opened) continue;
    const folder = dirname(path);
    const known = folders.get(folder) ?? { files: 0, bytes: 0 };
    add(known, size);
    folders.set(folder, known);
  }
  const largest = [...folders]
    .sort(([, a], [, b]) => b.bytes - a.bytes)
    .slice(0, LARGEST_FOLDERS)
    .map(([path, sum]) => ({ path, ...sum }));
  return { seconds, ...total, largest };
}

function add(sum: { files: number; bytes: number }, size: number): void {
  sum.files += 1;
  sum.bytes += size;
}
