import { minimise } from './minimise.ts';
import type { Privileges, State } from './state.ts';

export interface Reduction {
  /** What the container has; null: all. */
  readonly capabilities: readonly string[] | null;
  readonly draft: (known: Pick<State, 'observation' | 'persist'> & Partial<Privileges>) => Promise<State>;
  /** Lets a copy run so, and says why it does not work. */
  readonly works: (tried: State, title: string) => Promise<readonly string[]>;
}

/**
 * The least privileges with which a container still works. First the user that its workers run as with no capability
 * at all, then as few capabilities as possible for the user that it has.
 */
export async function reducePrivileges(
  state: State,
  { capabilities, draft, works }: Reduction,
): Promise<{ state: State; remarks: string[] }> {
  const { observation, persist } = state;
  const known = { observation, persist };
  if (capabilities === null)
    return {
      state: await draft(known),
      remarks: ['It has all capabilities: they were left, see "pristine audit".'],
    };
  const remarks: string[] = [];
  const user = workersOf(state);
  if (user !== null) {
    const tried = await draft({ ...known, user, capabilities: [] });
    const failures = await works(tried, `as user ${user.uid}:${user.gid} without capabilities`);
    if (failures.length === 0) return { state: tried, remarks };
    remarks.push(
      `It cannot be started as user ${user.uid}:${user.gid} of its workers: ${failures.join('; ')}`,
    );
  }
  const used = observation.capabilitiesUsed;
  const first = used === null ? capabilities : capabilities.filter((name) => used.includes(name));
  const tried = new Map<string, boolean>();
  const enough = async (subset: readonly string[]): Promise<boolean> => {
    const key = [...subset].sort().join();
    const before = tried.get(key);
    if (before !== undefined) return before;
    const title = subset.length === 0 ? 'without capabilities' : `with ${subset.join(', ')}`;
    const ok = (await works(await draft({ ...known, capabilities: subset }), title)).length === 0;
    tried.set(key, ok);
    return ok;
  };
  const whole = (await enough(first)) ? first : capabilities;
  const needed = await minimise(whole, enough);
  const order = capabilities.filter((name) => needed.includes(name));
  return { state: await draft({ ...known, capabilities: order }), remarks };
}

/** The one user that all processes but root's run as; null when there is none, or more than one. */
function workersOf({ observation: { processes } }: State): Privileges['user'] {
  const first = processes.find((one) => one.first);
  if (first === undefined || first.uid !== 0) return null;
  const workers = processes.filter(({ uid }) => uid !== 0);
  const users = new Set(workers.map(({ uid, gid }) => `${uid}:${gid}`));
  const [worker] = workers;
  if (worker === undefined || users.size !== 1) return null;
  const groups = new Set(workers.flatMap(({ groups }) => groups));
  groups.delete(worker.gid);
  groups.delete(0);
  return { uid: worker.uid, gid: worker.gid, groups: [...groups] };
}
