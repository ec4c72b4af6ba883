import type { Finding, GuardEvent, Policy } from '../../contract/index.ts';
import type { ContainerDetails, Engine } from '../../engine/index.ts';
import type { Clock, Logger } from '../../kernel/index.ts';
import type { ChangeSensor } from '../../sensor/index.ts';
import type { Policies } from '../policies.ts';
import { readerFor } from '../readers.ts';
import { ContainerWatch, type Observation } from './container-watch.ts';
import type { IncidentRecorder } from './incident-recorder.ts';
import type { UnwatchedTime } from './last-run.ts';
import { problemEvent } from './problem-event.ts';
import type { Protection } from './protection.ts';

export interface WatchListOptions {
  readonly policies: Policies;
  readonly engine: Engine;
  readonly sensor: ChangeSensor;
  readonly protection: Protection;
  readonly recorder: IncidentRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly emit: (event: GuardEvent) => void;
  /** Told of findings that are recorded, with their incident. */
  readonly onFindings: (incident: string, policy: Policy, findings: readonly Finding[]) => void;
  /** A container is watched from now on. */
  readonly onWatched: (watch: ContainerWatch) => Promise<void>;
}

/** The containers that are watched: each has its sensor, its enforcer and its way into the incidents. */
export class WatchList {
  readonly #options: WatchListOptions;
  readonly #watches = new Map<string, ContainerWatch>();
  #closed = false;

  constructor(options: WatchListOptions) {
    this.#options = options;
  }

  get(id: string): ContainerWatch | undefined {
    return this.#watches.get(id);
  }

  has(id: string): boolean {
    return this.#watches.has(id);
  }

  all(): ContainerWatch[] {
    return [...this.#watches.values()];
  }

  /** Watches a container; does nothing when it is watched already. */
  async add(id: string): Promise<void> {
    const { engine, sensor, policies, protection, emit } = this.#options;
    if (this.#watches.has(id) || this.#closed) return;
    const details = await engine.inspect(id);
    // Somebody else may have been quicker.
    if (this.#watches.has(id) || this.#closed) return;
    const policy = policies.policyFor(details);
    const watch = this.#newWatch(details, policy);
    this.#watches.set(id, watch);
    try {
      await sensor.watch(details);
    } catch (error) {
      this.#watches.delete(id);
      throw error;
    }
    const covered = await protection.protect(details, policy);
    emit({
      type: 'watching',
      at: this.#now(),
      container: { id, name: details.name },
      mode: policy.mode,
      sensor: sensor.kind,
      blindSpots: [...sensor.blindSpots(details), ...watch.reader.blindSpots(details)],
      protection: covered,
    });
    watch.rescan();
    await this.#options.onWatched(watch);
  }

  /** A container that is watched has new processes. */
  async renew(watch: ContainerWatch, details: ContainerDetails): Promise<void> {
    watch.details = details;
    await this.#options.sensor.watch(details);
    watch.rescan();
    await this.#options.protection.protect(details, watch.policy);
  }

  /** Ends a watch, and the container's incident where nobody responds to it. */
  async remove(id: string, reason: string): Promise<void> {
    const { protection, sensor, recorder, emit } = this.#options;
    await protection.release(id);
    const watch = this.#watches.get(id);
    if (watch === undefined) return;
    this.#watches.delete(id);
    await sensor.unwatch(id);
    await watch.stop();
    emit({ type: 'unwatched', at: this.#now(), container: { id, name: watch.details.name }, reason });
    await recorder.close(id, reason);
  }

  /** Tells that events may be missing, of one container or (null) of all, and looks at everything. */
  gap(containerId: string | null, { reason, lengthMs }: UnwatchedTime): void {
    const concerned = this.all().filter(({ details }) => containerId === null || details.id === containerId);
    for (const watch of concerned) {
      this.#tellGap(watch, false, reason, lengthMs);
      watch.rescan(reason, lengthMs);
    }
  }

  /** Ends every watch, and takes no new one. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.all().map((watch) => watch.stop()));
    this.#watches.clear();
  }

  #newWatch(details: ContainerDetails, policy: Policy): ContainerWatch {
    const { engine, logger } = this.#options;
    const watch: ContainerWatch = new ContainerWatch({
      details,
      policy,
      reader: readerFor(details, engine),
      logger,
      onObservation: (observation) => this.#observe(watch, observation),
      onGapClosed: (reason, lengthMs) => this.#tellGap(watch, true, reason, lengthMs),
    });
    return watch;
  }

  async #observe(
    { details, policy }: ContainerWatch,
    { evaluation, eventTimes }: Observation,
  ): Promise<void> {
    const container = { id: details.id, name: details.name };
    const { emit, recorder, onFindings } = this.#options;
    for (const { change, because } of evaluation.expected) {
      emit({ type: 'change', at: this.#now(), container, change, expected: because });
    }
    const latencyOf = ({ path }: Finding) => {
      const at = eventTimes.get(path);
      return at === undefined ? undefined : Date.now() - at;
    };
    const incident = await recorder
      .record(details, policy.mode, evaluation.findings, latencyOf)
      .catch((error) => {
        emit(problemEvent(error, this.#now()));
        throw error;
      });
    if (incident !== null) onFindings(incident, policy, evaluation.findings);
  }

  #tellGap(
    { details: { id, name } }: ContainerWatch,
    rescanned: boolean,
    reason: string,
    lengthMs?: number,
  ): void {
    const length = lengthMs === undefined ? {} : { lengthMs };
    this.#options.emit({
      type: 'gap',
      at: this.#now(),
      container: { id, name },
      reason,
      rescanned,
      ...length,
    });
  }

  #now(): string {
    return this.#options.clock.now().toISOString();
  }
}
