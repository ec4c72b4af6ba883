/** What is known of a container at a point of the search for its plan. */
import type { HardenedConfiguration, Observation } from '../../contract/index.ts';
import type { PlanDraft } from '../plan/index.ts';

export interface State {
  readonly observation: Observation;
  /** Paths that proved to have to last. */
  readonly persist: readonly string[];
  readonly draft: PlanDraft;
}

export interface Privileges {
  readonly capabilities: readonly string[] | null;
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] } | null;
}

/** The privileges of the original, while it is found out what it must write. */
export const keptPrivileges = {
  capabilities: null,
  noNewPrivileges: false,
  user: null,
  groups: [],
  pidsLimit: null,
  memoryLimit: null,
} satisfies Partial<HardenedConfiguration>;

export const unchanged = { ...keptPrivileges, readOnlyRoot: false } satisfies Partial<HardenedConfiguration>;

export const nothing: Observation = {
  writes: [],
  refusals: [],
  capabilitiesUsed: [],
  processes: [],
  mostProcesses: null,
  mostMemory: null,
  contacted: [],
  reloads: false,
};

export function withPrivileges(state: State): State {
  const configuration = { ...state.draft.configuration, ...keptPrivileges };
  return { ...state, draft: { ...state.draft, configuration } };
}

export function sameConfiguration(a: State, b: State): boolean {
  const places = ({ draft }: State) =>
    JSON.stringify(
      draft.configuration.mounts.map(({ path, kind, exec, uid, gid, mode }) => [
        path,
        kind,
        exec,
        uid,
        gid,
        mode,
      ]),
    );
  return places(a) === places(b);
}

/** Files that were left on a tmpfs, which a restart empties. */
export function remainingOnTmpfs({ observation, draft }: State): string[] {
  const places = draft.configuration.mounts.filter(({ kind }) => kind === 'tmpfs').map(({ path }) => path);
  return observation.writes
    .filter(
      ({ remains, type, path }) =>
        remains && type === 'file' && places.some((place) => path.startsWith(`${place}/`)),
    )
    .map(({ path }) => path);
}
