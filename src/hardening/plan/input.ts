import type { HardenedConfiguration, Observation } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import type { ImageTree } from './image-tree.ts';

export interface PlanInput {
  readonly details: ContainerDetails;
  readonly observation: Observation;
  readonly image: ImageTree;
  /** Without `CAP_`; null: as the container has them. */
  readonly capabilities: readonly string[] | null;
  /** Null: the one that it has. */
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] } | null;
  /** Paths that proved to have to last. */
  readonly persist: readonly string[];
  /** Folders that the container makes are left for it to make, as some do their first work only then: the ones above are mounted. */
  readonly wide?: boolean;
  /** Programs may run from places that stay writable, where some did. */
  readonly allowExec: boolean;
}

export interface PlanDraft {
  readonly configuration: HardenedConfiguration;
  readonly reasons: Record<string, string[]>;
  readonly remarks: string[];
}
