import type { Change } from '../../contract/index.ts';

/** Beyond this many paths the memory starts anew: some changes are then assessed twice, none is missed. */
const MAX_KNOWN = 200_000;

/** Which changes were assessed already, so that a rescan costs little and no finding is told twice. */
export class KnownChanges {
  readonly #signatures = new Map<string, string>();

  has(change: Change): boolean {
    return this.#signatures.get(change.path) === signatureOf(change);
  }

  add(change: Change): void {
    if (this.#signatures.size >= MAX_KNOWN) this.#signatures.clear();
    this.#signatures.set(change.path, signatureOf(change));
  }

  /** The path is as the image has it again. */
  forget(path: string): void {
    this.#signatures.delete(path);
  }
}

/** Changes whenever content or attributes do: ctime cannot be set from inside, and the inode changes on replacement. */
function signatureOf({ kind, after }: Change): string {
  if (after === null) return kind;
  return [kind, after.type, after.ctime, after.inode, after.size, after.mode].join(' ');
}
