import type { Incident, ResponseStep } from '../contract/index.ts';
import type { JournalEntry } from '../store/index.ts';
import type { ResponseDependencies } from './port.ts';
import { type Progress, progressOf } from './progress.ts';

/** An incident's journal and what it amounts to: each line is on disk before anybody is told of it. */
export class Journal {
  readonly incident: Incident;
  readonly #entries: JournalEntry[];
  readonly #deps: Pick<ResponseDependencies, 'store' | 'clock' | 'onStep'>;
  #progress: Progress;

  constructor(
    incident: Incident,
    entries: readonly JournalEntry[],
    deps: Pick<ResponseDependencies, 'store' | 'clock' | 'onStep'>,
  ) {
    this.incident = incident;
    this.#entries = [...entries];
    this.#progress = progressOf(entries);
    this.#deps = deps;
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** How often a step has failed since the response was begun, or begun anew. */
  failures(counts: (step: ResponseStep) => boolean): number {
    const begun = this.#entries.findLastIndex(({ step, phase }) => step === 'decide' && phase === 'undone');
    return this.#entries.slice(begun + 1).filter(({ step, phase }) => phase === 'failed' && counts(step))
      .length;
  }

  intent(step: ResponseStep, text: string): Promise<void> {
    return this.#tell(step, 'intent', text);
  }

  done(step: ResponseStep, data: JournalEntry['data'] | object, text: string): Promise<void> {
    return this.#tell(step, 'done', text, data as JournalEntry['data']);
  }

  failed(step: ResponseStep, text: string): Promise<void> {
    return this.#tell(step, 'failed', text);
  }

  /** Steps that were done do not count any more. */
  async undo(steps: readonly ResponseStep[], because: string): Promise<void> {
    for (const step of steps) {
      if (this.#progress[step] !== undefined || step === 'decide') await this.#write(step, 'undone');
    }
    await this.note(because);
  }

  /** What an earlier `done` has left is replaced, with no word to anybody. */
  async amend(step: ResponseStep, data: object): Promise<void> {
    await this.#write(step, 'done', data as JournalEntry['data']);
  }

  async giveUp(because: string): Promise<void> {
    await this.#write('decide', 'given-up');
    await this.note(because);
  }

  async note(text: string): Promise<void> {
    const { store, clock } = this.#deps;
    await store.addTimeline(this.incident.id, { at: clock.now().toISOString(), kind: 'note', text });
  }

  async #tell(
    step: ResponseStep,
    phase: 'intent' | 'done' | 'failed',
    text: string,
    data: JournalEntry['data'] = {},
  ): Promise<void> {
    const { id, container } = this.incident;
    const at = await this.#write(step, phase, data, text);
    const { replace } = this.#progress;
    const replacement = replace === undefined ? {} : { replacement: replace.id };
    this.#deps.onStep({ incident: id, container, step, phase, at, text, ...replacement });
  }

  async #write(
    step: ResponseStep,
    phase: JournalEntry['phase'],
    data: JournalEntry['data'] = {},
    text?: string,
  ): Promise<string> {
    const at = this.#deps.clock.now().toISOString();
    const entry: JournalEntry = { incidentId: this.incident.id, step, phase, at, data };
    const kind = phase === 'undone' || phase === 'given-up' ? 'note' : phase;
    await this.#deps.store.journal(entry, text === undefined ? undefined : { at, kind, step, text });
    this.#entries.push(entry);
    this.#progress = progressOf(this.#entries);
    return at;
  }
}
