/** What is known of a container at a point of the search for its plan. */
import type { HardenedConfiguration, Observation } from '../../contract/index.ts';
import type { PlanDraft } from '../plan/index.ts';

/** What a container is to run with; `original`: as it has it, while it is found out what it must write. */
export type Privileges =
  | 'original'
  | {
      readonly capabilities: readonly string[] | null;
      /** Null: the one that it has. */
      readonly user: {
        readonly uid: number;
        readonly gid: number;
        readonly groups: readonly number[];
      } | null;
    };

/** What a draft is made from. */
export interface Known {
  readonly observation: Observation;
  /** Paths that proved to have to last. */
  readonly persist: readonly string[];
  readonly privileges: Privileges;
  /** Folders that it makes itself are left for it to make: a program may look whether they are there. */
  readonly wide: boolean;
}

export interface State extends Known {
  readonly draft: PlanDraft;
}

export const ORIGINAL_PRIVILEGES = {
  capabilities: null,
  noNewPrivileges: false,
  user: null,
  groups: [],
  pidsLimit: null,
  memoryLimit: null,
  defaultSeccomp: false,
} satisfies Partial<HardenedConfiguration>;

/** Whether two drafts keep the same places writable, whatever their sizes. */
export function samePlaces(a: State, b: State): boolean {
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
