import type { Finding, GuardEvent, Policy } from '../../contract/index.ts';
import { decide } from '../../drift/index.ts';
import type { Enforcer } from '../../enforcement/index.ts';
import type { ContainerDetails, ContainerSummary, Engine, EngineEvent } from '../../engine/index.ts';
import type { FrameKeeper } from '../../evidence/index.ts';
import { type Clock, type Logger, PristineError } from '../../kernel/index.ts';
import type { ResponseDependencies } from '../../response/index.ts';
import type { ChangeSensor } from '../../sensor/index.ts';
import type { GuardedContainer } from '../../server/index.ts';
import type { Store } from '../../store/index.ts';
import type { Policies } from '../policies.ts';
import { readerFor } from '../readers.ts';
import { CapturePreparation } from './capture-preparation.ts';
import { ContainerWatch, type Observation } from './container-watch.ts';
import { Holds } from './holds.ts';
import { IncidentRecorder } from './incident-recorder.ts';
import { type UnwatchedTime, unwatchedSince } from './last-run.ts';
import { Pauses } from './pauses.ts';
import { problemEvent } from './problem-event.ts';
import { Protection } from './protection.ts';
import { isWaiting, originalOf, Recovery } from './recovery.ts';

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
  readonly clock: Clock;
  readonly logger: Logger;
  readonly emit: (event: GuardEvent) => void;
}

/** One run of the guard: which containers are watched, what was found, and which responses are at work. */
export class GuardSession {
  readonly #options: GuardSessionOptions;
  readonly #recorder: IncidentRecorder;
  readonly #watches = new Map<string, ContainerWatch>();
  readonly #recovery: Recovery;
  readonly #holds: Holds;
  readonly #preparation: CapturePreparation;
  readonly #protection: Protection;
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
    this.#protection = new Protection({
      enforcer: options.enforcer,
      whyNot: options.whyNoEnforcer,
      frames: options.frames,
      clock,
      emit,
      record: (container, policy, finding) =>
        this.#recorder.record(container, policy.mode, [finding], () => undefined),
      decide: (incident, policy, finding) => this.#decide(incident, policy, [finding]),
      onProblem,
    });
    this.#holds = new Holds({
      enforcer: options.enforcer,
      engine: options.engine,
      protect: (details) => this.#expect(details),
      onProblem,
    });
    const held = { layerHold: this.#holds.layers, startHold: this.#holds.starts };
    this.#recovery = new Recovery({
      dependencies: { ...options.response, ...(options.enforcer === null ? {} : held) },
      emit,
      onReplaced: (original, replacement) => this.#takeOver(original, replacement),
      onRemoving: (id) => void this.#watches.get(id)?.stop(),
      onProblem,
    });
  }

  containers(): GuardedContainer[] {
    return [...this.#watches.values()].map(({ details: { id, name, image }, policy: { mode } }) => ({
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
      } else this.#onGap(event.containerId, event);
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
        await this.#watch(container.id);
        const startedAt = this.#watches.get(container.id)?.details.startedAt ?? null;
        const gap = unwatchedSince(lastRun, startedAt, clock.now());
        if (gap !== null) this.#onGap(container.id, gap);
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
    if (pause !== null) this.#onGap(id, pause);
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
    for (const id of [...this.#watches.keys()]) {
      if (!present.has(id)) await this.#unwatch(id, 'the container was removed');
    }
    for (const container of containers) {
      if (!this.#chooses(container)) continue;
      await this.#onEvent({ containerId: container.id, kind: isAlive(container) ? 'start' : 'create' });
    }
    this.#onGap(null, gap);
  }

  rescanAll(): void {
    for (const watch of this.#watches.values()) watch.rescan();
  }

  /** Does what comes with time: repaves, standbys, suspects that were kept long enough. */
  async tick(): Promise<void> {
    try {
      const watched = [...this.#watches.values()];
      await this.#recovery.tick(watched);
      await this.#recovery.ensureStandbys(watched);
    } catch (error) {
      this.#problem(error);
    }
  }

  /** Stops watching and lets responses that are at work come to their end. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#atWork.values());
    await this.#protection.close();
    await this.#options.sensor.close();
    await Promise.all([...this.#watches.values()].map((watch) => watch.stop()));
    await this.#recovery.close();
    this.#watches.clear();
  }

  #chooses(container: ContainerSummary): boolean {
    const { names, policies } = this.#options;
    if (this.#recovery.isSuspect(container.id)) return false;
    if (isWaiting(container)) return this.#watches.has(originalOf(container) ?? '');
    if (names.length === 0) return policies.chooses(container);
    return names.some((name) => container.name === name || container.id.startsWith(name));
  }

  async #onEvent({ containerId: id, kind }: Pick<EngineEvent, 'containerId' | 'kind'>): Promise<void> {
    try {
      if (kind === 'remove') await this.#unwatch(id, 'the container was removed');
      else if (kind === 'start') await this.#onStart(id);
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
    const { engine, sensor } = this.#options;
    const watch = this.#watches.get(id);
    const details = await engine.inspect(id);
    if (watch === undefined) {
      if (!isAlive(details)) return;
      if (!this.#chooses(details)) this.#protection.pass(details);
      else if (isWaiting(details)) await this.#expect(details);
      else await this.#watch(id);
      return;
    }
    watch.details = details;
    await sensor.watch(details);
    watch.rescan();
    await this.#protection.protect(details, watch.policy);
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

  async #watch(id: string): Promise<void> {
    if (this.#watches.has(id) || this.#closing.signal.aborted) return;
    const { engine, sensor, policies, logger, emit } = this.#options;
    const details = await engine.inspect(id);
    const container = { id, name: details.name };
    const policy = policies.policyFor(details);
    const watch: ContainerWatch = new ContainerWatch({
      details,
      policy,
      reader: readerFor(details, engine),
      logger,
      onObservation: (observation) => this.#observe(watch, observation),
      onGapClosed: (reason, lengthMs) => {
        const length = lengthMs === undefined ? {} : { lengthMs };
        emit({ type: 'gap', at: this.#now(), container, reason, rescanned: true, ...length });
      },
    });
    this.#watches.set(id, watch);
    try {
      await sensor.watch(details);
    } catch (error) {
      this.#watches.delete(id);
      throw error;
    }
    const protection = await this.#protection.protect(details, policy);
    const blindSpots = [...sensor.blindSpots(details), ...watch.reader.blindSpots(details)];
    emit({
      type: 'watching',
      at: this.#now(),
      container,
      mode: policy.mode,
      sensor: sensor.kind,
      blindSpots,
      protection,
    });
    watch.rescan();
    if (policy.mode !== 'heal') return;
    await this.#holds.watch(details, () => this.#isEvidence(watch));
    void this.#preparation.prepare(details, this.#closing.signal);
  }

  /** Whether a container that is about to be removed must stay, as there is something to respond to. */
  async #isEvidence(watch: ContainerWatch): Promise<boolean> {
    const { id } = watch.details;
    await watch.lookOnceMore();
    if (this.#recovery.isSuspect(id)) return true;
    const incident = await this.#options.store.activeIncident(id);
    return incident !== null && decide(incident.findings, watch.policy) === 'heal';
  }

  async #unwatch(id: string, reason: string): Promise<void> {
    await this.#protection.release(id);
    const watch = this.#watches.get(id);
    if (watch === undefined) return;
    this.#watches.delete(id);
    await this.#options.sensor.unwatch(id);
    await watch.stop();
    this.#options.emit({
      type: 'unwatched',
      at: this.#now(),
      container: { id, name: watch.details.name },
      reason,
    });
    await this.#recorder.close(id, reason);
  }

  async #observe(
    { details, policy }: ContainerWatch,
    { evaluation, eventTimes }: Observation,
  ): Promise<void> {
    const container = { id: details.id, name: details.name };
    const { emit } = this.#options;
    for (const { change, because } of evaluation.expected) {
      emit({ type: 'change', at: this.#now(), container, change, expected: because });
    }
    const latencyOf = ({ path }: Finding) => {
      const at = eventTimes.get(path);
      return at === undefined ? undefined : Date.now() - at;
    };
    const incident = await this.#recorder.record(details, policy.mode, evaluation.findings, latencyOf);
    if (incident !== null) this.#decide(incident, policy, evaluation.findings);
  }

  #decide(incident: string, policy: Policy, findings: readonly Finding[]): void {
    if (decide(findings, policy) === 'heal') this.#recovery.start(incident);
  }

  /** The replacement is watched in the suspect's stead. */
  async #takeOver(original: string, replacement: string): Promise<void> {
    // A response may end after the sensor was closed: then nothing is watched any more.
    if (this.#closing.signal.aborted || !this.#watches.has(original)) return;
    await this.#unwatch(original, 'a pristine container took its place');
    await this.#watch(replacement);
  }

  #onGap(containerId: string | null, { reason, lengthMs }: UnwatchedTime): void {
    const concerned = [...this.#watches.values()].filter(
      ({ details }) => containerId === null || details.id === containerId,
    );
    for (const watch of concerned) {
      const container = { id: watch.details.id, name: watch.details.name };
      const length = lengthMs === undefined ? {} : { lengthMs };
      this.#options.emit({ type: 'gap', at: this.#now(), container, reason, rescanned: false, ...length });
      watch.rescan(reason, lengthMs);
    }
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
