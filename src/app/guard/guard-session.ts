import type { Finding, GuardEvent, Policy } from '../../contract/index.ts';
import { decide } from '../../drift/index.ts';
import type { Enforcer } from '../../enforcement/index.ts';
import {
  type ContainerDetails,
  type ContainerSummary,
  type Engine,
  type EngineEvent,
  madeFor,
  waitsForPlace,
} from '../../engine/index.ts';
import type { FrameKeeper } from '../../evidence/index.ts';
import type { RefusalReader } from '../../hardening/index.ts';
import { type Clock, type Logger, PristineError } from '../../kernel/index.ts';
import type { ResponseDependencies } from '../../response/index.ts';
import type { ChangeSensor } from '../../sensor/index.ts';
import type { GuardedContainer } from '../../server/index.ts';
import type { Store } from '../../store/index.ts';
import type { Policies } from '../policies.ts';
import { CapturePreparation } from './capture-preparation.ts';
import type { ContainerWatch } from './container-watch.ts';
import { Holds } from './holds.ts';
import { IncidentRecorder } from './incident-recorder.ts';
import { type UnwatchedTime, unwatchedSince } from './last-run.ts';
import { Pauses } from './pauses.ts';
import { problemEvent } from './problem-event.ts';
import { Protection } from './protection.ts';
import { Recovery } from './recovery.ts';
import { RefusedWrites } from './refused-writes.ts';
import { WatchList } from './watch-list.ts';

export interface GuardSessionOptions {
  readonly names: readonly string[];
  readonly policies: Policies;
  readonly engine: Engine;
  readonly sensor: ChangeSensor;
  /** Null where code cannot be refused, for the reason given. */
  readonly enforcer: Enforcer | null;
  readonly whyNoEnforcer: string | null;
  readonly frames: FrameKeeper;
  readonly store: Store;
  readonly response: Omit<ResponseDependencies, 'onStep'>;
  readonly keepImage: (imageId: string) => Promise<void>;
  readonly stateDirectory: string;
  /** Null where the kernel does not tell of refused writes. */
  readonly openRefusalReader: () => Promise<RefusalReader | null>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly emit: (event: GuardEvent) => void;
}

/** One run of the guard: which containers are watched, what was found, and which responses are at work. */
export class GuardSession {
  readonly #options: GuardSessionOptions;
  readonly #recorder: IncidentRecorder;
  readonly #watches: WatchList;
  readonly #recovery: Recovery;
  readonly #holds: Holds;
  readonly #preparation: CapturePreparation;
  readonly #protection: Protection;
  readonly #refusedWrites: RefusedWrites;
  /** What is being done about each container's events. */
  readonly #atWork = new Map<string, Promise<void>>();
  readonly #pauses = new Pauses();
  readonly #closing = new AbortController();

  constructor(options: GuardSessionOptions) {
    this.#options = options;
    this.#recorder = new IncidentRecorder(options.store, options.clock, options.emit);
    const { clock, emit, keepImage } = options;
    const onProblem = (error: unknown) => this.#problem(error);
    this.#preparation = new CapturePreparation({ keepImage, clock, emit, onProblem });
    this.#refusedWrites = new RefusedWrites({
      ...options,
      openReader: options.openRefusalReader,
      onProblem,
    });
    this.#protection = new Protection({
      enforcer: options.enforcer,
      whyNot: options.whyNoEnforcer,
      frames: options.frames,
      clock,
      emit,
      record: (container, policy, finding) =>
        this.#recorder.record(container, policy.mode, [finding], () => undefined),
      decide: (incident, policy, finding) => this.#decide(incident, policy, [finding]),
      letGo: (id) => this.#letGo(id),
      onProblem,
    });
    this.#watches = new WatchList({
      ...options,
      protection: this.#protection,
      recorder: this.#recorder,
      onFindings: (incident, policy, findings) => this.#decide(incident, policy, findings),
      onWatched: (watch) => this.#onWatched(watch),
    });
    this.#holds = new Holds({
      enforcer: options.enforcer,
      engine: options.engine,
      protect: (details) => this.#expect(details),
      onProblem,
    });
    const held = { layerHold: this.#holds.layers, startHold: this.#holds.starts };
    this.#recovery = new Recovery({
      dependencies: {
        ...options.response,
        ...(options.enforcer === null ? {} : held),
        // Asking the engine would leave the attacker a few milliseconds more.
        policyFor: async (incident) =>
          this.#watches.get(incident.container.id)?.policy ?? options.response.policyFor(incident),
      },
      emit,
      onReplaced: (original, replacement) => this.#takeOver(original, replacement),
      onLetGo: (id) => this.#onLetGo(id),
      onRemoving: (id) => void this.#watches.get(id)?.stop(),
      onProblem,
    });
  }

  containers(): GuardedContainer[] {
    return this.#watches.all().map(({ details: { id, name, image }, policy: { mode } }) => ({
      id,
      name,
      image,
      mode,
    }));
  }

  /** Takes in what the sensor reports until it is closed. */
  async followSensor(): Promise<void> {
    for await (const event of this.#options.sensor.events()) {
      if (event.type === 'touched') {
        this.#watches.get(event.containerId)?.touched(event);
        if (event.operation === 'attributes' || event.operation === 'rename')
          this.#protection.recheck(event.containerId);
      } else this.#watches.gap(event.containerId, event);
    }
  }

  /** Takes in what is refused until the enforcer is closed. */
  followEnforcer(): Promise<void> {
    return this.#protection.follow();
  }

  /** Carries responses that an earlier guard had begun to their end. */
  resumeResponses(): Promise<void> {
    return this.#recovery.resume();
  }

  /**
   * Watches every running container that the names, the configuration or labels choose, and says for each how
   * long nobody did.
   *
   * @param lastRun when a guard was alive last; null when there was none
   */
  async watchChosen(lastRun: Date | null): Promise<void> {
    const { engine, names, clock } = this.#options;
    // A name that is not there is an error at the start, whatever else is.
    for (const name of names) await engine.inspect(name);
    for (const container of await engine.list()) {
      if (!this.#chooses(container)) continue;
      try {
        if (!isAlive(container)) {
          await this.#expect(await engine.inspect(container.id));
          continue;
        }
        await this.#watches.add(container.id);
        const startedAt = this.#watches.get(container.id)?.details.startedAt ?? null;
        const gap = unwatchedSince(lastRun, startedAt, clock.now());
        if (gap !== null) this.#watches.gap(container.id, gap);
      } catch (error) {
        // What nobody asked for by name must not keep the others from being guarded.
        if (names.length > 0) throw error;
        this.#problem(error);
      }
    }
  }

  /**
   * Takes an event in and answers at once. A container waits for nothing but its own earlier events: what another
   * one's start costs must not keep the first program of this one unchecked.
   */
  async onEngineEvent(event: EngineEvent): Promise<void> {
    const { containerId: id } = event;
    void this.#recovery.onEngineEvent(event);
    const pause = this.#pauses.note(event);
    if (pause !== null) this.#watches.gap(id, pause);
    const work = (this.#atWork.get(id) ?? Promise.resolve()).then(() => this.#onEvent(event));
    this.#atWork.set(id, work);
    void work.then(() => {
      if (this.#atWork.get(id) === work) this.#atWork.delete(id);
    });
  }

  /** After a time in which the engine could not be followed. */
  async resynchronise(gap: UnwatchedTime): Promise<void> {
    const containers = await this.#options.engine.list();
    const present = new Set(containers.map(({ id }) => id));
    for (const {
      details: { id },
    } of this.#watches.all()) {
      if (!present.has(id)) await this.#watches.remove(id, 'the container was removed');
    }
    for (const container of containers) {
      if (!this.#chooses(container)) continue;
      await this.#onEvent({ containerId: container.id, kind: isAlive(container) ? 'start' : 'create' });
    }
    this.#watches.gap(null, gap);
  }

  rescanAll(): void {
    for (const watch of this.#watches.all()) watch.rescan();
  }

  /** Does what comes with time: repaves, standbys, suspects that were kept long enough. */
  async tick(): Promise<void> {
    try {
      const watched = this.#watches.all();
      await this.#recovery.tick(watched);
      await this.#recovery.ensureStandbys(watched);
      await this.#refusedWrites.tick(watched);
    } catch (error) {
      this.#problem(error);
    }
  }

  /** Stops watching and lets responses that are at work come to their end. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#atWork.values());
    // Responses hold layers and programs until they are over.
    await this.#recovery.close();
    await this.#protection.close();
    await this.#refusedWrites.close();
    await this.#options.sensor.close();
    await this.#watches.close();
  }

  #chooses(container: ContainerSummary): boolean {
    const { names, policies } = this.#options;
    if (this.#recovery.isSuspect(container.id)) return false;
    if (waitsForPlace(container)) return this.#watches.has(madeFor(container) ?? '');
    if (names.length === 0) return policies.chooses(container);
    return names.some((name) => container.name === name || container.id.startsWith(name));
  }

  async #onEvent({ containerId: id, kind }: Pick<EngineEvent, 'containerId' | 'kind'>): Promise<void> {
    try {
      if (kind === 'remove') {
        await this.#watches.remove(id, 'the container was removed');
        await this.#holds.layers.release(id);
      } else if (kind === 'start') await this.#onStart(id);
      else if (kind === 'create') await this.#onCreate(id);
      // What was made ready under another name has its own now.
      else if (kind === 'rename' && !this.#watches.has(id)) await this.#onStart(id);
    } catch (error) {
      // One that is gone before it could be looked at is no problem: its removal is an event of its own.
      if (!(await this.#isOver(id))) this.#problem(error);
    }
  }

  /** Whether a container is gone or does not run any more. */
  async #isOver(id: string): Promise<boolean> {
    try {
      return !isAlive(await this.#options.engine.inspect(id));
    } catch (error) {
      return error instanceof PristineError && error.code === 'E_NO_SUCH_CONTAINER';
    }
  }

  /** A container started: a chosen one is watched, one that is watched already has new processes. */
  async #onStart(id: string): Promise<void> {
    const watch = this.#watches.get(id);
    const details = await this.#options.engine.inspect(id);
    if (watch === undefined) {
      if (!isAlive(details)) return;
      if (!this.#chooses(details)) this.#protection.pass(details);
      else if (waitsForPlace(details)) await this.#expect(details);
      else await this.#watches.add(id);
      return;
    }
    await this.#watches.renew(watch, details);
  }

  /** A suspect serves again: it is watched as before, and its layer held as one that nobody responds to. */
  async #onLetGo(id: string): Promise<void> {
    const watch = this.#watches.get(id);
    await this.#onStart(id);
    if (watch !== undefined) await this.#onWatched(watch);
  }

  /** A container that does not run yet: its first program is to be checked too. */
  async #onCreate(id: string): Promise<void> {
    const details = await this.#options.engine.inspect(id);
    if (!this.#chooses(details)) this.#protection.pass(details);
    else if (!isAlive(details)) await this.#expect(details);
  }

  async #expect(details: ContainerDetails): Promise<void> {
    await this.#protection.protect(details, this.#options.policies.policyFor(details));
  }

  async #onWatched(watch: ContainerWatch): Promise<void> {
    const { details, policy } = watch;
    void this.#refusedWrites.follow(details);
    if (policy.mode !== 'heal') return;
    await this.#holds.watch(details, () => this.#isEvidence(watch));
    void this.#preparation.prepare(details, this.#closing.signal);
  }

  /** Whether a container that is about to be removed must stay, as there is something to respond to. */
  async #isEvidence(watch: ContainerWatch): Promise<boolean> {
    const { id } = watch.details;
    await watch.lookOnceMore();
    if (await this.#recovery.mayGo(id)) return false;
    if (this.#recovery.isSuspect(id)) return true;
    const incident = await this.#options.store.activeIncident(id);
    return incident !== null && decide(incident.findings, watch.policy) === 'heal';
  }

  /** Lets a layer go that another process has responded to, such as "pristine restore", and may remove by now. */
  async #letGo(id: string): Promise<boolean> {
    if (!(await this.#recovery.mayGo(id))) return false;
    await this.#holds.layers.release(id);
    return true;
  }

  #decide(incident: string, policy: Policy, findings: readonly Finding[]): void {
    if (decide(findings, policy) !== 'heal') return;
    this.#recovery.start(incident).catch((error) => this.#problem(error));
  }

  /** The replacement is watched in the suspect's stead. */
  async #takeOver(original: string, replacement: string): Promise<void> {
    // A response may end after the sensor was closed: then nothing is watched any more.
    if (this.#closing.signal.aborted || !this.#watches.has(original)) return;
    await this.#watches.remove(original, 'a pristine container took its place');
    await this.#watches.add(replacement);
  }

  #problem(error: unknown): void {
    // The event tells people and scripts; the log adds where it came from.
    this.#options.logger.debug({ err: error }, 'a problem while guarding');
    this.#options.emit(problemEvent(error, this.#now()));
  }

  #now(): string {
    return this.#options.clock.now().toISOString();
  }
}

function isAlive({ status }: ContainerSummary): boolean {
  return status === 'running' || status === 'paused';
}
