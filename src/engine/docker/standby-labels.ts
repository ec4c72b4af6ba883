import type { ContainerSummary } from '../port.ts';
import { REPLACES_LABEL } from './recreation-references.ts';

/** Label with the id of the container that a standby stands by for, or whose place it has taken. */
export const STANDBY_FOR = 'pristine.standby-for';
/** Label with the name of a standby while it is one: under another name it has taken the place. */
export const STANDBY_NAME = 'pristine.standby-name';

/** Ending of the name of a replacement that was started early, until it takes the place. */
export const NEXT_SUFFIX = '-next';

/** Whether a container of this name waits for a place, and has not taken it yet. */
export function isStandby(
  name: string,
  labels: Readonly<Record<string, string>> | null | undefined,
): boolean {
  return labels?.[STANDBY_FOR] !== undefined && labels[STANDBY_NAME] === name;
}

/** Whether a container waits to be put in another one's place, as its standby or as what was started early. */
export function waitsForPlace({ name, labels }: Pick<ContainerSummary, 'name' | 'labels'>): boolean {
  return isStandby(name, labels) || (labels[REPLACES_LABEL] !== undefined && name.endsWith(NEXT_SUFFIX));
}

/** Id of the container that another one was made to replace. */
export function madeFor({ labels }: Pick<ContainerSummary, 'labels'>): string | undefined {
  return labels[REPLACES_LABEL] ?? labels[STANDBY_FOR];
}
