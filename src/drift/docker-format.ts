import type { Change, Drift, FileState } from '../contract/index.ts';

/**
 * The lines that `docker diff` prints for a drift, each `A|C|D path` without its newline; the same set, in no
 * promised order. It is the view of moby's `archive.ChangesDirs` over two mounted layers: a directory counts
 * as changed when anything below it is, and a file that differs in nothing that `stat` shows (mode, owner,
 * device, size, modification time) or in its capabilities is not seen, even when its content differs.
 */
export function dockerDiff(drift: Drift): string[] {
  const listed = new Map<string, 'A' | 'C' | 'D'>();
  const replaced = new Set<string>();
  for (const change of drift.changes) {
    if (change.after !== null && change.before !== null && !hasDirectoryBit(change.after))
      replaced.add(change.path);
    if (isListed(change)) listed.set(change.path, change.kind);
  }
  for (const [path, kind] of [...listed]) {
    // What was in a directory that something else took the place of is not listed by itself.
    if (kind === 'D' && replaced.has(parentOf(path))) listed.delete(path);
    else addParents(path, listed);
  }
  return [...listed].map(([path, kind]) => `${kind} ${asJsonText(path)}`);
}

function isListed({ path, before, after }: Change): boolean {
  if (path === '/') return false;
  if (before === null || after === null) return true;
  if (before.type !== after.type || before.mode !== after.mode) return true;
  if (before.uid !== after.uid || before.gid !== after.gid) return true;
  if (before.device?.major !== after.device?.major || before.device?.minor !== after.device?.minor)
    return true;
  if (before.xattrs?.[CAPABILITY] !== after.xattrs?.[CAPABILITY]) return true;
  if (hasDirectoryBit(before)) return false;
  return before.size !== after.size || !isSameTime(before.mtime, after.mtime);
}

const CAPABILITY = 'security.capability';

/**
 * moby asks whether the bit of S_IFDIR is set, and it is also set in S_IFSOCK and S_IFBLK: size and time of
 * sockets and block devices are never compared, and they can have lost "children".
 */
function hasDirectoryBit({ type }: FileState): boolean {
  return type === 'dir' || type === 'socket' || type === 'block';
}

/** Equal, or of the same second when one of them has whole seconds only, as in layers unpacked from a tar. */
function isSameTime(a: string, b: string): boolean {
  if (a === b) return true;
  const [one, other] = [wholeAndFraction(a), wholeAndFraction(b)];
  return one.whole === other.whole && (one.isWhole || other.isWhole);
}

function wholeAndFraction(time: string): { whole: bigint; isWhole: boolean } {
  const [seconds = '0', fraction = '0'] = time.split('.');
  const isWhole = Number(fraction) === 0;
  const isBelowZero = time.startsWith('-') && !isWhole;
  return { whole: BigInt(seconds) - (isBelowZero ? 1n : 0n), isWhole };
}

function addParents(path: string, listed: Map<string, 'A' | 'C' | 'D'>): void {
  for (let parent = parentOf(path); parent !== '' && !listed.has(parent); parent = parentOf(parent))
    listed.set(parent, 'C');
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** The engine answers in JSON, where each byte that is not UTF-8 becomes U+FFFD. */
function asJsonText(path: string): string {
  return path.toWellFormed();
}
