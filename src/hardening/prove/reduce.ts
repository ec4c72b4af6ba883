import { minimise } from './minimise.ts';
import type { Known, Privileges, State } from './state.ts';

export interface Reduction {
  /** What the container has; null: all. */
  readonly capabilities: readonly string[] | null;
  readonly draft: (known: Known) => Promise<State>;
  /** Lets a copy run so, and says why it does not work. */
  readonly works: (tried: State, title: string) => Promise<readonly string[]>;
}

/**
 * The least privileges with which a container still works. First the user that its workers run as with no capability
 * at all, then as few capabilities as possible for the user that it has; each removal is tried.
 */
export async function reducePrivileges(
  state: State,
  { capabilities, draft, works }: Reduction,
): Promise<{ state: State; remarks: string[] }> {
  if (capabilities === null) {
    const remark =
      'It has all capabilities, and they were left: take --privileged, or --cap-add ALL, from it first.';
    return { state, remarks: [remark] };
  }
  const remarks: string[] = [];
  const user = workersOf(state);
  if (user !== null) {
    const tried = await draft({ ...state, privileges: { user, capabilities: [] } });
    const failures = await works(tried, `as user ${user.uid}:${user.gid}, without capabilities`);
    if (failures.length === 0) return { state: tried, remarks };
    remarks.push(
      `It does not work as the user of its workers, ${user.uid}:${user.gid}: ${failures.join('; ')}`,
    );
  }
  const tries = new Map<string, readonly string[]>();
  const failuresWith = async (subset: readonly string[]): Promise<readonly string[]> => {
    const key = [...subset].sort().join(', ');
    const title = subset.length === 0 ? 'without capabilities' : `with ${key}`;
    const failures = tries.get(key) ?? (await works(await draft(withCapabilities(state, subset)), title));
    tries.set(key, failures);
    return failures;
  };
  const enough = async (subset: readonly string[]) => (await failuresWith(subset)).length === 0;
  const used = state.observation.capabilitiesUsed;
  let whole = used === null ? capabilities : capabilities.filter((name) => used.includes(name));
  if (!(await enough(whole))) {
    whole = capabilities;
    const failures = await failuresWith(whole);
    if (failures.length > 0) {
      remarks.push(`It needs the privileges that it has: ${failures.join('; ')}`);
      return { state, remarks };
    }
  }
  const needed = await minimise(whole, enough);
  const order = capabilities.filter((name) => needed.includes(name));
  return { state: await draft(withCapabilities(state, order)), remarks };
}

function withCapabilities(state: State, capabilities: readonly string[]): Known {
  return { ...state, privileges: { user: null, capabilities } };
}

type User = Exclude<Privileges, 'original'>['user'];

/** The one user that all processes but root's run as; null when there is none, or more than one. */
function workersOf({ observation: { processes } }: State): User {
  const first = processes.find((one) => one.first);
  if (first === undefined || first.uid !== 0) return null;
  const workers = processes.filter(({ uid }) => uid !== 0);
  const users = new Set(workers.map(({ uid, gid }) => `${uid}:${gid}`));
  const [worker] = workers;
  if (worker === undefined || users.size !== 1) return null;
  const groups = new Set(workers.flatMap((one) => one.groups));
  groups.delete(worker.gid);
  groups.delete(0);
  return { uid: worker.uid, gid: worker.gid, groups: [...groups] };
}
