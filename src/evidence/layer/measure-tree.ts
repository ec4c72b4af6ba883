import { setImmediate } from 'node:timers/promises';
import type { SafeDirectory } from '../../linux/index.ts';

/** What an entry costs in an archive: a header, most often with an extended one before it. */
const HEADER_BYTES = 3 * 512;
const PAUSE_EVERY = 4096;

export interface TreeSize {
  /** Entries that were counted. */
  readonly entries: number;
  /** About what an archive of the tree takes: data that is there, without holes, and headers. */
  readonly bytes: number;
}

/**
 * Measures a tree of hostile content before it is copied, without opening a file.
 *
 * @param enough where to stop: a tree of more bytes or entries is known to be large
 */
export async function measureTree(
  root: SafeDirectory,
  enough: { readonly bytes: number; readonly entries: number },
  signal?: AbortSignal,
): Promise<TreeSize> {
  const { device } = root.status();
  /** Files with several names, which an archive holds once. */
  const linked = new Set<string>();
  const pending = [''];
  let entries = 0;
  let bytes = 0;
  const isEnough = () => bytes > enough.bytes || entries > enough.entries;
  for (let path = pending.pop(); path !== undefined && !isEnough(); path = pending.pop()) {
    using directory = root.openDirectory(path);
    if (directory === null || directory.status().device !== device) continue;
    using listing = directory.entries();
    while (!isEnough() && listing.next()) {
      const status = listing.stat();
      if (status === null) continue;
      bytes += HEADER_BYTES;
      if (++entries % PAUSE_EVERY === 0) {
        await setImmediate();
        signal?.throwIfAborted();
      }
      if (status.type === 'dir') pending.push(path === '' ? listing.name : `${path}/${listing.name}`);
      if (status.type !== 'file') continue;
      if (status.links > 1 && linked.has(status.inodeText)) continue;
      if (status.links > 1) linked.add(status.inodeText);
      bytes += Math.min(status.size, status.allocated);
    }
  }
  return { entries, bytes };
}
