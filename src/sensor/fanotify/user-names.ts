import { readSync } from 'node:fs';
import { SafeDirectory } from '../../linux/index.ts';
import type { WatchedContainer } from './places.ts';

const MAX_PASSWD_BYTES = 1 << 20;
/** A container may write its own /etc/passwd: it is read again after this time, sooner for a user it does not name. */
const FRESH_MS = 5_000;
const FRESH_WITHOUT_MS = 250;

interface Names {
  readonly readAt: number;
  readonly byUid: ReadonlyMap<number, string>;
}

/** User names by the containers' own /etc/passwd, read from their layers, never through their mounts. */
export class UserNames {
  readonly #cache = new WeakMap<WatchedContainer, Names>();

  /** Name of a user; null when the file does not say. */
  nameOf(container: WatchedContainer, uid: number): string | null {
    const now = Date.now();
    let names = this.#cache.get(container);
    const freshMs = names?.byUid.has(uid) ? FRESH_MS : FRESH_WITHOUT_MS;
    if (names === undefined || now - names.readAt > freshMs) {
      names = { readAt: now, byUid: parsePasswd(readPasswd(container)) };
      this.#cache.set(container, names);
    }
    return names.byUid.get(uid) ?? null;
  }
}

function readPasswd(container: WatchedContainer): string {
  for (const layer of [container.layer.upper, ...container.layer.lower]) {
    try {
      using root = SafeDirectory.openTrusted(layer);
      using file = root.openFile('etc/passwd');
      if (file === null) continue;
      const bytes = Buffer.alloc(Math.min(file.status.size, MAX_PASSWD_BYTES));
      return bytes.toString('utf8', 0, readSync(file.descriptor, bytes, 0, bytes.length, 0));
    } catch {
      // A name is a help for the reader; the uid stands without it.
    }
  }
  return '';
}

function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    if (name !== undefined && uid !== undefined && /^\d{1,10}$/.test(uid) && !names.has(Number(uid))) {
      names.set(Number(uid), name.slice(0, 256));
    }
  }
  return names;
}
