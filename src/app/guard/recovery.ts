import type { GuardEvent, Incident, Policy } from '../../contract/index.ts';
import { decide } from '../../drift/index.ts';
import type { ContainerDetails, EngineEvent } from '../../engine/index.ts';
import { messageOf, PristineError } from '../../kernel/index.ts';
import {
  isFrozenBy,
  mayGo,
  type ResponseDependencies,
  refreeze,
  type StepReport,
} from '../../response/index.ts';
import { removeDueSuspects } from './kept-suspects.ts';
import { type Candidate, dueNow, openRepave, serviceOf } from './repaves.ts';
import { Responses } from './responses.ts';

const REPAVE_AGAIN_AFTER_MS = 3_600_000;

const WAKING: readonly EngineEvent['kind'][] = ['start', 'unpause', 'connect', 'other'];

export interface RecoveryOptions {
  readonly dependencies: Omit<ResponseDependencies, 'onStep'>;
  readonly emit: (event: GuardEvent) => void;
  /** A pristine container is in a watched one's place, from now on. */
  readonly onReplaced: (originalId: string, replacementId: string) => Promise<void>;
  /** What was frozen serves again, as policy wants it where no replacement can be had. */
  readonly onLetGo: (containerId: string) => Promise<void>;
  /** A container's layers are about to vanish. */
  readonly onRemoving: (containerId: string) => void;
  readonly onProblem: (error: unknown) => void;
}

/** What is watched, as far as it matters here. */
export interface Watched {
  readonly details: ContainerDetails;
  readonly policy: Policy;
}

/** Everything that replaces containers: responses, repaves, standbys, and the suspects that are kept. */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #responses: Responses;
  /** Incident of each container that is to stay frozen. */
  readonly #suspects = new Map<string, string>();
  /** Containers whose repave has failed, and when the next may be tried, in milliseconds since 1970. */
  readonly #repaveAgainAt = new Map<string, number>();
  /** Why a container has no standby, as it was told. */
  readonly #withoutStandby = new Map<string, string>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
    const { emit, onProblem } = options;
    const dependencies = { ...options.dependencies, onStep: (report: StepReport) => this.#onStep(report) };
    this.#responses = new Responses({ dependencies, emit, onProblem });
  }

  /** Begins the response to an incident, or goes on with it. */
  async start(incidentId: string): Promise<void> {
    const { store } = this.#options.dependencies;
    const { container, state } = await store.incident(incidentId);
    // A repave of this container sees that, and gives way.
    if (state === 'open') await store.updateIncident(incidentId, { state: 'responding' });
    await this.#responses.start(incidentId, container.id);
  }

  /** Whether a container is frozen, or kept so, beside its replacement. */
  isSuspect(containerId: string): boolean {
    return this.#suspects.has(containerId);
  }

  /** Whether a container may be removed, as far as its response goes, whoever carries that out. */
  async mayGo(containerId: string): Promise<boolean> {
    const { store } = this.#options.dependencies;
    const incident = this.#suspects.get(containerId) ?? (await store.activeIncident(containerId))?.id;
    return incident !== undefined && (await mayGo(incident, store));
  }

  /** Carries what an earlier guard has begun to its end; resolves when each has been tried once. */
  async resume(): Promise<void> {
    const { store } = this.#options.dependencies;
    await this.#knowKeptSuspects();
    const unfinished = await store.unfinished();
    for (const { id, container } of unfinished) {
      if (await isFrozenBy(id, store)) this.#suspects.set(container.id, id);
    }
    // Also those that nothing is left to do about, but to keep them frozen: somebody may have woken them meanwhile.
    await Promise.all([...this.#suspects.values()].map((incident) => this.#refreeze(incident)));
    await Promise.all(unfinished.map(({ id, container }) => this.#responses.start(id, container.id)));
  }

  async #refreeze(incident: string): Promise<void> {
    const { dependencies, onProblem } = this.#options;
    await refreeze(incident, dependencies, { isConnected: true }).catch((error) => {
      if (!(error instanceof PristineError) || error.code !== 'E_NO_SUCH_CONTAINER') onProblem(error);
    });
  }

  /** A suspect that is woken by somebody, or by itself, or put on a network, is frozen again. */
  async onEngineEvent({ containerId, kind }: EngineEvent): Promise<void> {
    const { dependencies, onLetGo, onProblem } = this.#options;
    const incident = this.#suspects.get(containerId);
    if (incident === undefined) return;
    if (kind === 'remove') this.#suspects.delete(containerId);
    if (!WAKING.includes(kind)) return;
    try {
      if (await isFrozenBy(incident, dependencies.store)) {
        return await refreeze(incident, dependencies, { isConnected: kind === 'connect' });
      }
      this.#suspects.delete(containerId);
      await onLetGo(containerId);
    } catch (error) {
      onProblem(error);
    }
  }

  /** Also those of a restore by hand, which another process carries out. */
  async #knowKeptSuspects(): Promise<void> {
    const { store, layerHold } = this.#options.dependencies;
    for (const { id, suspect } of await store.keptSuspects()) {
      if (suspect === null || this.#suspects.has(suspect.id)) continue;
      this.#suspects.set(suspect.id, id);
      await layerHold?.release(suspect.id);
    }
  }

  /** Sees to the standbys that policy asks for. */
  async ensureStandbys(watched: readonly Watched[]): Promise<void> {
    const { engine } = this.#options.dependencies;
    const wanted = watched.filter(
      ({ details, policy }) =>
        policy.mode === 'heal' && policy.recovery.standby === 'warm' && !this.isSuspect(details.id),
    );
    await engine.removeStandbys(watched.map(({ details }) => details.id));
    for (const { details } of wanted) {
      await engine.ensureStandby(details.id).then(
        () => this.#withoutStandby.delete(details.id),
        (error) => this.#tellWithoutStandby(details.id, error),
      );
    }
    for (const id of this.#withoutStandby.keys()) {
      if (!watched.some(({ details }) => details.id === id)) this.#withoutStandby.delete(id);
    }
  }

  /** Once, though it is tried every few seconds. */
  #tellWithoutStandby(id: string, error: unknown): void {
    if (this.#withoutStandby.get(id) === messageOf(error)) return;
    this.#withoutStandby.set(id, messageOf(error));
    this.#options.onProblem(error);
  }

  /** What comes with time: suspects whose time is over, and containers whose age has come. */
  async tick(watched: readonly Watched[]): Promise<void> {
    const { dependencies, onProblem } = this.#options;
    await removeDueSuspects(dependencies, (incident, text) => this.#onSuspectGone(incident, text), onProblem);
    await this.#knowKeptSuspects();
    const now = dependencies.clock.now();
    const candidates = watched.map(
      ({ details, policy }): Candidate => ({
        id: details.id,
        service: serviceOf(details),
        createdAt: details.createdAt,
        policy,
      }),
    );
    for (const [id, at] of this.#repaveAgainAt) if (at <= now.getTime()) this.#repaveAgainAt.delete(id);
    const atWork = this.#responses.containers();
    const possible = candidates.filter(({ id }) => atWork.has(id) || !this.#repaveAgainAt.has(id));
    for (const id of dueNow(possible, atWork, now)) {
      const found = watched.find(({ details }) => details.id === id);
      // One that is compromised is replaced all the same, and with more care.
      if (found === undefined || (await this.#isCompromised(found))) continue;
      const repave = await openRepave(dependencies, found.details, found.policy.mode);
      this.#repave(repave, id).catch(onProblem);
    }
  }

  /** What a container drifts by itself, to which nobody responds, must not keep it for ever. */
  async #isCompromised({ details, policy }: Watched): Promise<boolean> {
    const incident = await this.#options.dependencies.store.activeIncident(details.id);
    return incident !== null && (incident.state !== 'open' || decide(incident.findings, policy) === 'heal');
  }

  /** One that fails may have stopped the old container for a while: it is not tried again at once. */
  async #repave(repave: string, containerId: string): Promise<void> {
    const { dependencies, onProblem } = this.#options;
    await this.#responses.start(repave, containerId);
    this.#repaveAgainAt.set(containerId, dependencies.clock.now().getTime() + REPAVE_AGAIN_AFTER_MS);
    const { state, error, container } = await dependencies.store.incident(repave);
    if (state === 'closed') onProblem(notRepaved(container.name, error ?? 'it is gone'));
  }

  /** Lets attempts that are at work come to their end, and begins no more. */
  close(): Promise<void> {
    return this.#responses.close();
  }

  #onSuspectGone({ id, container, suspect }: Incident, text: string): void {
    if (suspect !== null) this.#suspects.delete(suspect.id);
    const at = this.#options.dependencies.clock.now().toISOString();
    this.#options.emit({ type: 'step', at, container, incident: id, step: 'remove', phase: 'done', text });
  }

  #onStep(report: StepReport): void {
    const { container, step, phase, incident, replacement } = report;
    const { emit, onReplaced, onRemoving, onProblem } = this.#options;
    if (step === 'freeze' && phase === 'done') this.#suspects.set(container.id, incident);
    if (step === 'remove' && phase === 'intent') onRemoving(container.id);
    if (step === 'remove' && phase === 'done') this.#suspects.delete(container.id);
    const { replacement: _, ...event } = report;
    emit({ type: 'step', ...event });
    if (step === 'replace' && phase === 'done' && replacement !== undefined) {
      onReplaced(container.id, replacement).catch(onProblem);
    }
  }
}

function notRepaved(name: string, why: string): PristineError {
  return new PristineError('E_REPLACE', `${name} was not repaved: ${why}`, {
    next: `The old container serves on. It is tried again in an hour; "pristine repave ${name}" tries it now.`,
  });
}
