import type { FileState } from '../../contract/index.ts';
import { decodeFileCapabilities } from '../../linux/index.ts';
import type { Entry } from './lookup.ts';
import type { MarkPrefix } from './marks.ts';

const CAPABILITY = 'security.capability';

/** What the state of an entry is read from. */
export type Stated = Pick<Entry, 'status' | 'directory' | 'name' | 'xattrNames'>;

/** The state of an entry, without the hash of its content. Its directory must still be open. */
export function readState(entry: Stated, prefix: MarkPrefix): FileState {
  const { status } = entry;
  const state: FileState = {
    type: status.type,
    mode: status.mode,
    uid: status.uid,
    gid: status.gid,
    size: status.size,
    allocated: status.allocated,
    mtime: status.mtime,
    ctime: status.ctime,
    links: status.links,
    inode: status.inodeText,
  };
  const { birth } = status;
  if (birth !== null) state.birth = birth;
  if (status.type === 'char' || status.type === 'block') state.device = { ...status.represents };
  if (status.type === 'symlink') {
    const target = entry.directory.readLink(entry.name);
    if (target !== null) state.target = target;
  }
  readXattrs(entry, prefix, state);
  return state;
}

function readXattrs(entry: Stated, prefix: MarkPrefix, state: FileState): void {
  for (const name of entry.xattrNames) {
    const shown = ownName(name, prefix);
    if (shown === null) continue;
    const value = entry.directory.xattr(entry.name, name);
    if (value === null) continue;
    state.xattrs ??= {};
    state.xattrs[shown] = value.toString('base64');
    if (shown !== CAPABILITY) continue;
    const capabilities = decodeFileCapabilities(value);
    if (capabilities !== null) state.capabilities = capabilities;
  }
}

/**
 * The name under which the container knows an attribute; null for overlayfs's own. What the container calls
 * `trusted.overlay.x` overlayfs stores as `trusted.overlay.overlay.x`.
 */
function ownName(name: string, prefix: MarkPrefix): string | null {
  if (!name.startsWith(prefix)) return name;
  const escaped = `${prefix}overlay.`;
  return name.startsWith(escaped) ? `${prefix}${name.slice(escaped.length)}` : null;
}
