import type { WatchTarget } from '../../contract/index.ts';
import { decodeFileCapabilities, type FileStatus, type SafeDirectory } from '../../linux/index.ts';
import { openLayers } from './layers.ts';
import { closeAll, type DirectoryRef, lookup, type OpenDirectory, openAll, type Stack } from './lookup.ts';
import { isWhiteout } from './marks.ts';
import { Pacer } from './pacer.ts';

/** Something that an image holds. Path and link target are the image's own word. */
export interface ImageFile {
  /** Absolute. */
  readonly path: string;
  readonly status: FileStatus;
  /** As getcap(8) prints them; null when it has none. */
  readonly capabilities: string | null;
  /** Of a symbolic link. */
  readonly target: string | null;
}

interface Pending {
  readonly path: string;
  readonly refs: readonly DirectoryRef[];
}

/** So many are handed out at once. */
const BATCH = 256;

/**
 * Everything in the image of a container, as the layers below its own merge: deleted files are left out, no link
 * is followed, nothing but directories is opened. Needs root and a local overlay.
 *
 * @throws {PristineError} E_NOT_SUPPORTED, E_NEEDS_ROOT, E_NO_SUCH_CONTAINER
 */
export async function* walkImage(target: WatchTarget, signal?: AbortSignal): AsyncGenerator<ImageFile[]> {
  using layers = openLayers(target);
  const pacer = new Pacer(signal);
  const pending: Pending[] = [{ path: '', refs: layers.image.roots }];
  let batch: ImageFile[] = [];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const open = openAll(next.refs);
    try {
      for (const file of filesIn(layers.image, next, open, pending)) {
        batch.push(file);
        if (batch.length < BATCH) continue;
        yield batch;
        batch = [];
        if (pacer.due()) await pacer.pause();
      }
    } finally {
      closeAll(open);
    }
  }
  yield batch;
}

function* filesIn(
  stack: Stack,
  at: Pending,
  open: readonly OpenDirectory[],
  pending: Pending[],
): Generator<ImageFile> {
  const [only] = open;
  const seen = open.length > 1 ? new Set<string>() : null;
  for (const { directory } of open) {
    using entries = directory.entries();
    while (entries.next()) {
      const { name } = entries;
      if (seen?.has(name)) continue;
      seen?.add(name);
      const path = `${at.path}/${name}`;
      const status = seen === null ? entries.stat() : null;
      // Most directories lie in one layer, and most names in them need no second look.
      if (status !== null && status.type !== 'dir' && only !== undefined) {
        if (isWhiteout(status, () => entries.xattrNames(), stack.prefix, only.ref.xwhiteouts)) continue;
        yield { path, status, ...more(only.directory, name, status) };
        continue;
      }
      const found = lookup(stack, open, name);
      if (found === null) continue;
      if (found.directories.length > 0) pending.push({ path, refs: found.directories });
      yield { path, status: found.status, ...more(found.directory, found.name, found.status) };
    }
  }
}

function more(
  directory: SafeDirectory,
  name: string,
  status: FileStatus,
): Pick<ImageFile, 'capabilities' | 'target'> {
  const target = status.type === 'symlink' ? directory.readLink(name) : null;
  return { capabilities: capabilitiesOf(directory, name, status), target };
}

/** Only programs gain by them. */
function capabilitiesOf(directory: SafeDirectory, name: string, status: FileStatus): string | null {
  if (status.type !== 'file' || (status.mode & 0o111) === 0) return null;
  const value = directory.xattr(name, 'security.capability');
  return value === null ? null : decodeFileCapabilities(value);
}
