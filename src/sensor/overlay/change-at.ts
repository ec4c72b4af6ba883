import type { Change, FileState } from '../../contract/index.ts';
import { encodePathBytes } from '../../kernel/index.ts';
import { fileHandle, handleText } from '../../linux/index.ts';
import { differences, isIdentical } from './compare.ts';
import { readState } from './file-state.ts';
import type { Hasher } from './hash.ts';
import { type Entry, sameDirectories, samePlace } from './lookup.ts';
import type { MarkPrefix } from './marks.ts';

/** A change, with what the recognition of renames needs to know of it. */
export interface FoundChange {
  readonly change: Change;
  /** Handle of the image's file that this one was copied up from. */
  readonly origin: string | null;
  /** Handle of what the image has at this path. */
  readonly imageHandle: string | null;
  /** What the image has at this path. */
  readonly image: Entry | null;
}

/**
 * What became of one path, from what the container and the image have there; null when nothing did. The
 * directories of both entries must be open.
 */
export async function changeAt(
  path: string,
  container: Entry | null,
  image: Entry | null,
  prefix: MarkPrefix,
  hasher: Hasher,
): Promise<FoundChange | null> {
  if (container === null && image === null) return null;
  if (container !== null && image !== null && isUntouched(container, image)) return null;
  const before = image === null ? null : readState(image, prefix);
  const after = container === null ? null : readState(container, prefix);
  const found = {
    origin: container === null ? null : originOf(container, prefix),
    imageHandle: image === null ? null : fileHandle(image.directory.descriptor, encodePathBytes(image.name)),
    image,
  };
  // Hashing waits, and the open directories are closed when it returns: everything else is read by now.
  if (image !== null && before !== null) await hasher.addTo(before, image.content);
  if (container !== null && after !== null) await addHash(after, container, before, image, hasher);

  if (before === null || after === null) {
    const kind = before === null ? 'A' : 'D';
    return { ...found, change: { path, kind, before, after, differs: [], identical: false } };
  }
  const differs = differences(before, after);
  if (container?.opaque === true && image?.status.type === 'dir') differs.push('opaque');
  if (differs.length === 0 && after.type === 'dir') return null;
  const identical = isIdentical(before, after, differs);
  return { ...found, change: { path, kind: 'C', before, after, differs, identical } };
}

async function addHash(
  after: FileState,
  container: Entry,
  before: FileState | null,
  image: Entry | null,
  hasher: Hasher,
): Promise<void> {
  if (before?.sha256 !== undefined && image !== null && samePlace(container.content, image.content)) {
    after.sha256 = before.sha256;
  } else {
    await hasher.addTo(after, container.content);
  }
}

/** Whether the container shows the very entry of the image's layer. */
function isUntouched(container: Entry, image: Entry): boolean {
  return (
    !container.layer.isUpper &&
    samePlace(container, image) &&
    sameDirectories(container.directories, image.directories)
  );
}

/** Bytes before the handle in a struct ovl_fb: version, magic, length, flags, type, UUID of the filesystem. */
const ORIGIN_HEADER = 21;

/** Handle of the lower file that an upper one was copied up from, as overlayfs noted it. */
function originOf(entry: Entry, prefix: MarkPrefix): string | null {
  if (!entry.layer.isUpper || entry.status.type === 'dir') return null;
  if (!entry.xattrNames.includes(`${prefix}origin`)) return null;
  const value = entry.directory.xattr(entry.name, `${prefix}origin`);
  if (value === null || value.length <= ORIGIN_HEADER) return null;
  return handleText(value.readUInt8(4), value.subarray(ORIGIN_HEADER));
}
