import type {
  HardenedConfiguration,
  HardeningPlan,
  Proof,
  RefusedWrite,
  WrittenPath,
} from '../../contract/index.ts';
import { type Clock, newId } from '../../kernel/index.ts';
import { capabilitiesOf } from '../capabilities.ts';
import { joinObservations } from '../observe/index.ts';
import { type ImageTree, planConfiguration } from '../plan/index.ts';
import { expectedPorts, toldPorts } from './expected.ts';
import { portName } from './listening.ts';
import { reducePrivileges } from './reduce.ts';
import { type Means, type Rehearsal, type RehearsalResult, rehearse, type Stage } from './rehearse.ts';
import { type Known, ORIGINAL_PRIVILEGES, remainingOnTmpfs, type State, samePlaces } from './state.ts';

export interface HardenInput extends Means {
  readonly image: ImageTree;
  readonly clock: Clock;
  /** What the live container wrote so far, as far as nobody suspects it. */
  readonly liveWrites: readonly WrittenPath[];
  /** What the live container was refused, as far as it is to be allowed from now on. */
  readonly refusals: readonly RefusedWrite[];
  /** Programs may run from places that stay writable, where the original ran some. */
  readonly allowExec: boolean;
  readonly onProgress?: (what: string) => void;
}

/** How often a plan is extended before it is given up. */
const MOST_EXTENSIONS = 6;

/**
 * Works out a read-only configuration by letting copies of a container run, and proves it; the live container is
 * only read. Everything that was made for it is gone afterwards, whatever happens.
 *
 * @throws {PristineError} E_COPY, and what the engine fails with; @throws the signal's reason when it aborts
 */
export async function harden(input: HardenInput): Promise<HardeningPlan> {
  const { engine, original, clock } = input;
  const begun = performance.now();
  await engine.removeCopies(original.id);
  try {
    const search = new Search(input, await expectedPorts(original));
    const { state, proof } = await search.run();
    const { draft } = state;
    return {
      id: newId('plan', clock),
      createdAt: clock.now().toISOString(),
      container: {
        id: original.id,
        name: original.name,
        image: original.image,
        imageId: original.imageId,
      },
      configuration: draft.configuration,
      reasons: draft.reasons,
      remarks: [...draft.remarks, ...search.remarks],
      observation: state.observation,
      proof: { ...proof, runs: search.runs, tookMs: Math.round(performance.now() - begun) },
    };
  } finally {
    await engine.removeCopies(original.id);
  }
}

interface Proven {
  readonly state: State;
  readonly result: RehearsalResult;
}

class Search {
  readonly #input: HardenInput;
  readonly #differences = new Set<string>();
  runs = 0;
  remarks: readonly string[] = [];
  #reload = true;
  readonly #stage: Stage;

  /** @param expected where a copy must listen before it counts as ready */
  constructor(input: HardenInput, expected: Stage['expected']) {
    this.#input = input;
    this.#stage = { ...input, expected, ports: toldPorts(input.original, expected) };
  }

  async run(): Promise<{ state: State; proof: Omit<Proof, 'runs' | 'tookMs'> }> {
    const { original, liveWrites, refusals } = this.#input;
    const learnt = await this.#learn();
    const observation = joinObservations([
      { ...joinObservations([]), writes: [...liveWrites], refusals: [...refusals] },
      ...(learnt.observation === null ? [] : [learnt.observation]),
    ]);
    const first = await this.#drafted({ observation, persist: [], privileges: 'original', wide: false });
    if (learnt.failures.length > 0) {
      const why = learnt.failures.map(
        (failure) => `A copy does not work even as the original is: ${failure}`,
      );
      return { state: first, proof: this.#proof(why, learnt) };
    }
    const extended = await this.#extend(first);
    const readOnly = await this.#prove(extended, 'read-only');
    if (readOnly.result.failures.length > 0) return this.#end(readOnly);
    const reduced = await reducePrivileges(readOnly.state, {
      capabilities: capabilitiesOf(original),
      draft: (known) => this.#drafted(known),
      works: async ({ draft }, title) =>
        (await this.#rehearse(title, draft.configuration, 1, false)).failures,
    });
    this.remarks = reduced.remarks;
    if (reduced.state === readOnly.state) return this.#end(readOnly);
    const proof = await this.#prove(reduced.state, 'proof');
    if (proof.result.failures.length === 0) return this.#end(proof);
    // What was proven before is better than what is not.
    this.remarks = [...this.remarks, `Its privileges were left: ${proof.result.failures.join('; ')}`];
    const known = { ...proof.state, privileges: 'original' } as const;
    return this.#end(await this.#prove(await this.#drafted(known), 'proof with the privileges that it has'));
  }

  #end({ state, result }: Proven): { state: State; proof: Omit<Proof, 'runs' | 'tookMs'> } {
    return { state, proof: this.#proof(result.failures, result) };
  }

  /** Lets a copy run as the original is, twice, and sees what it does. */
  async #learn(): Promise<RehearsalResult> {
    const learnt = await this.#rehearse('learning', null, 2, true);
    if (learnt.failures.length === 0 || !learnt.reloaded) return learnt;
    // Some programs have a handler for SIGHUP and end all the same.
    this.#reload = false;
    return this.#rehearse('learning, without reload', null, 2, true);
  }

  /** Lets it run with the plan's places but a writable root, and takes into the plan what would have been refused. */
  async #extend(state: State): Promise<State> {
    let now = state;
    for (let extension = 0; extension < MOST_EXTENSIONS; extension++) {
      const { readOnlyRoot } = this.#input.original.security;
      const configuration = { ...now.draft.configuration, readOnlyRoot };
      const result = await this.#rehearse('writable, watched', configuration, 1, true);
      const next = await this.#learnt(now, result);
      if (samePlaces(next, now)) return next;
      now = next;
    }
    return now;
  }

  /** Lets it run as the plan says, through a restart, until no refused write extends the plan any more. */
  async #prove(state: State, title: string): Promise<Proven> {
    let now = state;
    for (let extension = 0; ; extension++) {
      const result = await this.#rehearse(title, now.draft.configuration, 2, true);
      const next = await this.#learnt(now, result);
      const wider = result.failures.length > 0 && samePlaces(next, now) ? await this.#wider(next) : next;
      if (samePlaces(wider, now) || extension === MOST_EXTENSIONS) return { state: next, result };
      now = wider;
    }
  }

  /** For a program that fails without having been refused anything. */
  #wider(state: State): Promise<State> {
    return this.#drafted({ ...state, wide: true });
  }

  async #learnt(state: State, result: RehearsalResult): Promise<State> {
    const observation =
      result.observation === null
        ? state.observation
        : joinObservations([state.observation, result.observation]);
    // It worked until it was started again: something that it had made was gone.
    const lost = result.failedRound === 2 ? remainingOnTmpfs(state) : [];
    const persist = [...new Set([...state.persist, ...lost])];
    return this.#drafted({ ...state, observation, persist });
  }

  async #drafted({ observation, persist, privileges, wide }: Known): Promise<State> {
    const { original: details, image, allowExec } = this.#input;
    const kept = privileges === 'original';
    const { capabilities, user } = kept ? { capabilities: null, user: null } : privileges;
    const input = { details, observation, image, capabilities, user, persist, allowExec, wide };
    const draft = await planConfiguration(input);
    const configuration = kept ? { ...draft.configuration, ...ORIGINAL_PRIVILEGES } : draft.configuration;
    return { observation, persist, privileges, wide, draft: { ...draft, configuration } };
  }

  async #rehearse(
    title: string,
    configuration: HardenedConfiguration | null,
    rounds: Rehearsal['rounds'],
    observed: boolean,
  ): Promise<RehearsalResult> {
    this.runs += 1;
    this.#input.onProgress?.(`run ${this.runs}: ${title}`);
    const reload = this.#reload && observed;
    const result = await rehearse(this.#stage, { title, configuration, rounds, observed, reload });
    for (const difference of result.differences) this.#differences.add(difference);
    return result;
  }

  #proof(failures: readonly string[], last: RehearsalResult): Omit<Proof, 'runs' | 'tookMs'> {
    const { workloads } = this.#input;
    const ports = last.listening.map(portName).join(', ');
    const exercised = [
      `It started twice and was ready${ports === '' ? '' : `, listening on ${ports}`}; it stopped when it was asked to.`,
      ...workloads.map(({ title }) => `In each of two rounds, with a restart between: ${title}.`),
      ...(last.reloaded ? ['It was reloaded by SIGHUP and went on.'] : []),
    ];
    const notExercised = [
      ...(workloads.length === 0
        ? [
            'Nothing used it: give --workload, --http or a health check, as what is not exercised may need more.',
          ]
        : []),
      ...(last.reloaded
        ? []
        : ['It was not reloaded: its first process does not handle SIGHUP so that it goes on.']),
      ...this.#differences,
    ];
    const proven = failures.length === 0;
    return { proven, exercised: proven ? exercised : [], notExercised, failures: [...failures] };
  }
}
