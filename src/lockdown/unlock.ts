import type { MountPoint } from '../linux/index.ts';
import { takeBack } from './carry-out.ts';
import { isOverItself, rootOf } from './plan.ts';
import { type Action, isAlive, LockRecords } from './record.ts';
import type { UnlockReport } from './report.ts';
import { type AskAgain, enter, type LockTarget } from './target.ts';

/**
 * Undoes what {@link lock} did to a container, as its record says; without a record, what of its mounts is as only a
 * lock leaves it. A container that has ended or was restarted since is not locked any more.
 *
 * @throws {PristineError} E_NEEDS_ROOT, E_NOT_SUPPORTED
 */
export async function unlock(
  target: LockTarget,
  options: { readonly stateDirectory: string; readonly again: AskAgain },
): Promise<UnlockReport> {
  const container = { id: target.id, name: target.name };
  const records = new LockRecords(options.stateDirectory);
  using _turn = await records.takeTurn();
  const record = await records.read(target.id);
  if (target.pid === null || (record !== null && !(await isAlive(record)))) {
    await records.remove(target.id);
    return { container, state: record === null ? 'not-locked' : 'gone', undone: [], failed: [] };
  }
  await using entered = await enter(target, options.again);
  const actions = record?.actions ?? whatALockLeaves(entered.namespace.mounts(), target);
  const undone = new Set<string>();
  const failed: string[] = [];
  for (const action of actions.toReversed()) {
    const error = await takeBack(entered.namespace, action);
    if (error === null) undone.add(action.path);
    else if (error !== 'nothing') failed.push(`${action.path}: ${error}`);
  }
  if (failed.length === 0) await records.remove(target.id);
  const state = record === null && undone.size === 0 ? 'not-locked' : 'unlocked';
  return { container, state, undone: [...undone], failed };
}

/** What an engine never mounts so by itself. */
function whatALockLeaves(mounts: readonly MountPoint[], target: LockTarget): Action[] {
  const root = rootOf(mounts);
  if (root === undefined) return [];
  const flags = (path: string, set: 'readOnly' | 'noexec'): Action[] =>
    mounts
      .filter((mount) => mount.path === path && mount[set])
      .filter(({ path }) => !target.mounts.some(({ destination }) => destination === path))
      .map(({ id }) => ({ kind: 'flags', mount: id, path, set: [set] }));
  const binds = mounts.filter((mount) => isOverItself(mount, root));
  return [
    ...flags('/dev', 'noexec'),
    // An engine mounts these as it does the root.
    ...(target.readOnlyRoot
      ? []
      : ['/', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'].flatMap((path) => flags(path, 'readOnly'))),
    ...binds.map(
      ({ path, readOnly }): Action => ({ kind: 'bind', path, access: readOnly ? 'read-only' : 'writable' }),
    ),
  ];
}
