import type { Change, ChangeKind, FileState } from '../../contract/index.ts';
import { encodePathBytes } from '../../kernel/index.ts';
import { type FileStatus, fileHandle, handleText } from '../../linux/index.ts';
import type { FileStamp, IsKnown } from '../port.ts';
import { differences, isIdentical } from './compare.ts';
import { readState, type Stated } from './file-state.ts';
import type { Hasher } from './hash.ts';
import { type DirectoryRef, type Entry, type Place, sameDirectories, samePlace } from './lookup.ts';
import type { MarkPrefix } from './marks.ts';

/** A change, with what the recognition of renames needs to know of it. */
export interface FoundChange {
  readonly change: Change;
  /** Handle of the image's file that this one was copied up from. */
  readonly origin: string | null;
  /** Handle of what the image has at this path. */
  readonly imageHandle: string | null;
  /** The directories that the image merges at this path. */
  readonly imageDirectories: readonly DirectoryRef[];
}

/** How entries are compared. */
export interface Comparison {
  readonly prefix: MarkPrefix;
  readonly hasher: Hasher;
  /** Whether handles are read, which tell where a renamed file came from. */
  readonly origins: boolean;
  readonly isKnown?: IsKnown | undefined;
}

/** A change whose content was not looked at yet. */
export interface Draft extends Omit<FoundChange, 'change'> {
  readonly path: string;
  readonly before: FileState | null;
  readonly after: FileState | null;
  readonly opaque: boolean;
  /** Where regular files have their content. */
  readonly beforeAt: Place | null;
  readonly afterAt: Place | null;
}

/**
 * What became of one path, from what the container and the image have there; null when nothing did, or it is
 * known. The directories of both entries must be open.
 */
export async function changeAt(
  path: string,
  container: Entry | null,
  image: Entry | null,
  comparison: Comparison,
): Promise<FoundChange | null> {
  const draft = compareAt(path, container, image, comparison);
  return draft === null ? null : await finish(draft, comparison.hasher);
}

/** The first half of {@link changeAt}, which reads no content. */
export function compareAt(
  path: string,
  container: Entry | null,
  image: Entry | null,
  { prefix, origins, isKnown }: Comparison,
): Draft | null {
  if (container === null && image === null) return null;
  if (container !== null && image !== null && isUntouched(container, image)) return null;
  if (isKnown !== undefined) {
    const stamp = container === null ? null : stampOf(container.status);
    if (isKnown(path, kindOf(container, image), stamp)) return null;
  }
  return {
    path,
    before: image === null ? null : readState(image, prefix),
    after: container === null ? null : readState(container, prefix),
    opaque: container?.opaque === true && image?.status.type === 'dir',
    origin: container === null || !origins ? null : originOf(container, prefix),
    imageHandle:
      image === null || !origins ? null : fileHandle(image.directory.descriptor, encodePathBytes(image.name)),
    imageDirectories: image?.directories ?? [],
    beforeAt: image?.content ?? null,
    afterAt: container?.content ?? null,
  };
}

/** {@link compareAt} for what the upper layer alone has: it was added, and is no directory. */
export function addedAt(path: string, entry: Stated & Place, { prefix }: Comparison): Draft {
  return {
    path,
    before: null,
    after: readState(entry, prefix),
    opaque: false,
    origin: entry.xattrNames.length === 0 ? null : originOf(entry, prefix),
    imageHandle: null,
    imageDirectories: [],
    beforeAt: null,
    afterAt: entry,
  };
}

/** The second half: hashes what is to be hashed. Null when nothing differs after all. */
export async function finish(draft: Draft, hasher: Hasher): Promise<FoundChange | null> {
  const { before, after, beforeAt, afterAt } = draft;
  if (before !== null && beforeAt !== null) await hasher.addTo(before, beforeAt);
  if (after !== null && afterAt !== null) {
    if (before?.sha256 !== undefined && beforeAt !== null && samePlace(afterAt, beforeAt)) {
      after.sha256 = before.sha256;
    } else {
      await hasher.addTo(after, afterAt);
    }
  }
  return conclude(draft);
}

/** The second half where nothing is hashed. */
export function finishUnhashed(draft: Draft): FoundChange | null {
  if (draft.before?.type === 'file') draft.before.unhashed = 'skipped';
  if (draft.after?.type === 'file') draft.after.unhashed = 'skipped';
  return conclude(draft);
}

function conclude({
  path,
  before,
  after,
  opaque,
  origin,
  imageHandle,
  imageDirectories,
}: Draft): FoundChange | null {
  const found = { origin, imageHandle, imageDirectories };
  if (before === null || after === null) {
    const kind = before === null ? 'A' : 'D';
    return { ...found, change: { path, kind, before, after, differs: [], identical: false } };
  }
  const differs = differences(before, after);
  if (opaque) differs.push('opaque');
  if (differs.length === 0 && after.type === 'dir') return null;
  const identical = isIdentical(before, after, differs);
  return { ...found, change: { path, kind: 'C', before, after, differs, identical } };
}

/** What tells this state of a file apart from others at a glance. */
export function stampOf({ type, mode, size, ctime, inodeText }: FileStatus): FileStamp {
  return { type, mode, size, ctime, inode: inodeText };
}

function kindOf(container: Entry | null, image: Entry | null): ChangeKind {
  if (image === null) return 'A';
  return container === null ? 'D' : 'C';
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
function originOf(entry: Stated & Place, prefix: MarkPrefix): string | null {
  if (!entry.layer.isUpper || entry.status.type === 'dir') return null;
  if (!entry.xattrNames.includes(`${prefix}origin`)) return null;
  const value = entry.directory.xattr(entry.name, `${prefix}origin`);
  if (value === null || value.length <= ORIGIN_HEADER) return null;
  return handleText(value.readUInt8(4), value.subarray(ORIGIN_HEADER));
}
