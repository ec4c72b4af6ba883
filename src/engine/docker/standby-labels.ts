/** Label with the id of the container that a standby stands by for, or whose place it has taken. */
export const STANDBY_FOR = 'pristine.standby-for';
/** Label with the name of a standby while it is one: under another name it has taken the place. */
export const STANDBY_NAME = 'pristine.standby-name';

/** Whether a container of this name waits for a place, and has not taken it yet. */
export function isStandby(
  name: string,
  labels: Readonly<Record<string, string>> | null | undefined,
): boolean {
  return labels?.[STANDBY_FOR] !== undefined && labels[STANDBY_NAME] === name;
}
