import type { PlannedMount } from '../../contract/index.ts';
import { isWithin } from '../../kernel/index.ts';
import { type Home, isVolume } from './homes.ts';
import type { PlanInput } from './input.ts';
import { reasonsFor } from './reasons.ts';

const MIB = 1024 ** 2;

/** Places that anyone writes to, so that little was seen of what may come. */
const ROOMY = ['/tmp', '/var/tmp', '/var/log', '/var/cache'];

/** The mount for a folder: its owner as in the image, else as it was made; its size from what was seen in it. */
export function mountOf(home: Home, { image, user, allowExec }: PlanInput): PlannedMount {
  const { path, writes } = home;
  const volume = isVolume(home);
  const entry = image.entry(path);
  const made = writes.find((write) => write.path === path)?.owner ?? null;
  const writer = writes.flatMap(({ writers }) => writers).find(({ uid }) => uid !== null);
  const seen = entry ?? made ?? { uid: writer?.uid ?? 0, gid: writer?.gid ?? 0, mode: 0o755 };
  const hydrated = volume && image.list(path).length > 0;
  // An engine gives a volume that it fills the owner that the image has.
  const owner = user === null || hydrated || mayWrite(user, seen) ? seen : user;
  const bytes = writes.reduce((sum, write) => sum + write.bytes, 0);
  const least = (ROOMY.some((place) => isWithin(path, place)) ? 64 : 16) * MIB;
  return {
    path,
    kind: volume ? 'volume' : 'tmpfs',
    uid: owner.uid,
    gid: owner.gid,
    mode: seen.mode & 0o7777,
    size: volume ? null : powerOfTwo(Math.max(4 * bytes, least)),
    inodes: volume ? null : powerOfTwo(Math.max(8 * writes.length, 1024)),
    exec: volume || (allowExec && writes.some(({ executed }) => executed)),
    hydrated,
    reasons: reasonsFor(home),
  };
}

type User = NonNullable<PlanInput['user']>;

function mayWrite(
  { uid, gid, groups }: User,
  folder: { readonly uid: number; readonly gid: number; readonly mode: number },
): boolean {
  if (folder.uid === uid) return (folder.mode & 0o200) !== 0;
  if (folder.gid === gid || groups.includes(folder.gid)) return (folder.mode & 0o020) !== 0;
  return (folder.mode & 0o002) !== 0;
}

export function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, value)));
}
