/** Labels by which everything that was made for copies is found again. */

/** Id of the original: on each copy, companion, volume and network. */
export const COPIES_OF = 'pristine.copies-of';
/** What was made together, and goes together. */
export const COPY_GROUP = 'pristine.copy-group';
/** Place of a companion in the order in which they start. */
export const COMPANION = 'pristine.copy-companion';
/** Name that the original has. */
export const COPIED_NAME = 'pristine.copied-name';
/** Id of a live container that is paused; on a volume that is there so long, for whoever comes after a crash. */
export const PAUSED = 'pristine.copy-paused';

/** Whether a container is a copy, or was copied along with one: nobody's service, and guarded by nobody. */
export function isCopy(labels: Readonly<Record<string, string>>): boolean {
  return labels[COPIES_OF] !== undefined;
}
