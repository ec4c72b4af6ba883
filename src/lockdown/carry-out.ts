/** Carries out a lock's actions in a mount namespace, and takes them back. Each may have been done before. */
import type { MountPoint } from '../linux/index.ts';
import type { MountNamespace } from './namespace.ts';
import { mountAt } from './places.ts';
import { isOverItself, rootOf } from './plan.ts';
import type { Action } from './record.ts';

/** What lies over a path by a lock is one mount, or one for each time that what is allowed has changed. */
const MOST_UNMOUNTS = 16;

/** Does one action; answers with an error's name, or null when it is done. */
export async function carryOut(namespace: MountNamespace, action: Action): Promise<string | null> {
  const { path } = action;
  if (action.kind === 'flags') {
    return namespace.change({ do: 'flags', path, mount: action.mount, set: action.set, clear: [] });
  }
  const mount = mountAt(namespace.mounts(), path);
  if (mount === undefined) return 'gone';
  return namespace.change({ do: 'bind', path, mount: mount.id, access: action.access });
}

/** Takes back one action; `nothing` when there is nothing (any more) to take back, else an error's name or null. */
export async function takeBack(namespace: MountNamespace, action: Action): Promise<string | null> {
  if (action.kind === 'bind') return unmountAll(namespace, action.path, () => true);
  const { path, mount, set } = action;
  const found = namespace.mounts().find(({ id }) => id === mount);
  if (found?.path !== path || !set.some((flag) => found[flag])) return 'nothing';
  return namespace.change({ do: 'flags', path, mount, set: [], clear: set });
}

/** Takes away what a lock has mounted over a path, from the top, as long as it is of the kind. */
export async function unmountAll(
  namespace: MountNamespace,
  path: string,
  kind: (mount: MountPoint) => boolean,
): Promise<string | null> {
  let result: string | null = 'nothing';
  for (let n = 0; n < MOST_UNMOUNTS; n++) {
    const mounts = namespace.mounts();
    const [root, top] = [rootOf(mounts), mounts.findLast((mount) => mount.path === path)];
    if (root === undefined || top === undefined || !isOverItself(top, root) || !kind(top)) return result;
    result = await namespace.change({ do: 'unmount', path, mount: top.id });
    if (result !== null) return result;
  }
  return result;
}
