import type { RefusedWrite } from '../../../contract/index.ts';
import type { Grant, TraceWord } from './protocol.ts';

const MOST_OF_EACH = 10_000;

/** What the trace told of one run of a container. */
export class TraceRecordings {
  readonly #refusals: RefusedWrite[] = [];
  grants: readonly Grant[] = [];
  /** Programs that were executed, by their paths. */
  readonly executed = new Set<string>();
  readonly contacts: { readonly address: string; readonly port: number }[] = [];

  take(word: Exclude<TraceWord, { type: 'gap' }>): void {
    if (word.type === 'capabilities') this.grants = word.grants;
    else if (word.type === 'executed') {
      if (this.executed.size < MOST_OF_EACH) this.executed.add(word.path);
    } else if (word.type === 'contact') {
      if (this.contacts.length < MOST_OF_EACH) this.contacts.push(word);
    } else if (this.#refusals.length < MOST_OF_EACH) this.#refusals.push(word.refusal);
  }

  /** Its refusals, and those of the output whose paths it does not name; what has no path is the kernel's to tell. */
  refusalsWith(said: readonly RefusedWrite[]): RefusedWrite[] {
    const paths = new Set(this.#refusals.map(({ path }) => path));
    return [
      ...this.#refusals,
      ...said.filter(({ path }) => !paths.has(path) && (path !== null || paths.size === 0)),
    ];
  }
}
