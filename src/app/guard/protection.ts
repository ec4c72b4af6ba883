import type { Finding, GuardEvent, Policy } from '../../contract/index.ts';
import { findingOfDenial, findingOfLapse, findingOfRunningDrift } from '../../drift/index.ts';
import {
  type EnforcementEvent,
  type Enforcer,
  forbidMemoryPrograms,
  type MemoryPrograms,
} from '../../enforcement/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import type { FrameKeeper } from '../../evidence/index.ts';
import { type Clock, PristineError } from '../../kernel/index.ts';
import { keepDenied } from './denied-files.ts';

export interface ProtectionOptions {
  /** Null where code cannot be refused, with the reason. */
  readonly enforcer: Enforcer | null;
  readonly whyNot: string | null;
  readonly frames: FrameKeeper;
  readonly clock: Clock;
  readonly emit: (event: GuardEvent) => void;
  /** Puts a finding into the container's incident; answers with the incident's id. */
  readonly record: (container: ContainerDetails, policy: Policy, finding: Finding) => Promise<string | null>;
  /** A finding is on disk with all that belongs to it: time to decide what follows. */
  readonly decide: (incident: string, policy: Policy, finding: Finding) => void;
  /** Lets a layer go that is not needed any more; answers whether it did. */
  readonly letGo: (containerId: string) => Promise<boolean>;
  readonly onProblem: (error: unknown) => void;
}

interface Protected {
  readonly details: ContainerDetails;
  readonly policy: Policy;
  memory: MemoryPrograms | null;
  gaps: readonly string[];
}

const RECHECK_AFTER_MS = 10;

/** Has code refused that is not from the image, keeps what was refused, and tells. */
export class Protection {
  readonly #options: ProtectionOptions;
  readonly #protected = new Map<string, Protected>();
  readonly #rechecks = new Map<string, NodeJS.Timeout>();

  constructor(options: ProtectionOptions) {
    this.#options = options;
  }

  /**
   * Refuses from now on, also again after the container was started; one that does not run is armed as soon as it
   * starts, before its first program.
   *
   * @returns what the `watching` event says
   */
  async protect(
    details: ContainerDetails,
    policy: Policy,
  ): Promise<Extract<GuardEvent, { type: 'watching' }>['protection']> {
    const { enforcer, whyNot, onProblem } = this.#options;
    const { id, name, image, pid, overlay } = details;
    const merged = overlay?.merged ?? null;
    if (enforcer === null || overlay === null || merged === null) {
      const why = whyNot ?? `the root filesystem of ${name} is no overlay on this host`;
      return { state: 'none', gaps: [`Code that is not from the image is not refused: ${why}.`] };
    }
    const entry: Protected = { details, policy, memory: null, gaps: [] };
    const before = this.#protected.get(id);
    this.#protected.set(id, entry);
    const enforce = policy.mode !== 'watch';
    try {
      const { upper, lower } = overlay;
      await enforcer.protect({
        id,
        name,
        image,
        pid,
        merged,
        upper,
        lower,
        policy: policy.protection,
        enforce,
      });
    } catch (error) {
      this.#protected.delete(id);
      onProblem(error);
      return {
        state: 'none',
        gaps: ['Code that is not from the image is not refused: see the problem above.'],
      };
    }
    entry.memory = before?.memory ?? null;
    if (pid !== null && enforce && policy.protection.memfd === 'deny')
      entry.memory = await forbidMemoryPrograms(pid);
    const memoryGap = entry.memory?.gap ?? null;
    return {
      state: enforce ? 'enforced' : 'told',
      gaps: [...entry.gaps, ...(memoryGap === null ? [] : [memoryGap])],
    };
  }

  /** The sensor saw attributes or names change. */
  recheck(containerId: string): void {
    if (!this.#protected.has(containerId) || this.#rechecks.has(containerId)) return;
    // A flood of such changes is one of them.
    const timer = setTimeout(() => {
      this.#rechecks.delete(containerId);
      this.#options.enforcer?.recheck(containerId);
    }, RECHECK_AFTER_MS);
    this.#rechecks.set(containerId, timer);
  }

  /** The container is none of ours: its first program need not wait. */
  pass({ overlay }: ContainerDetails): void {
    if (overlay?.merged != null) this.#options.enforcer?.pass(overlay.merged);
  }

  async release(containerId: string): Promise<void> {
    const entry = this.#protected.get(containerId);
    if (entry === undefined) return;
    this.#protected.delete(containerId);
    await this.#options.enforcer?.release(containerId);
    await entry.memory?.restore();
  }

  /** Takes in what the enforcer reports until it is closed. */
  async follow(): Promise<void> {
    for await (const event of this.#options.enforcer?.events() ?? []) {
      try {
        await this.#onEvent(event);
      } catch (error) {
        this.#options.onProblem(error);
      }
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#rechecks.values()) clearTimeout(timer);
    await this.#options.enforcer?.close();
    await Promise.all([...this.#protected.values()].map(({ memory }) => memory?.restore()));
    this.#protected.clear();
  }

  async #onEvent(event: EnforcementEvent): Promise<void> {
    if (event.type === 'denied') return this.#onDenied(event);
    if (event.type === 'lapse') return this.#onLapse(event);
    const entry = this.#protected.get(event.containerId);
    if (entry === undefined) return;
    const { onProblem } = this.#options;
    if (event.type === 'armed') entry.gaps = event.gaps;
    else if (event.type === 'removal-refused') {
      if (!(await this.#options.letGo(event.containerId))) onProblem(removalRefused(entry.details));
    } else {
      const finding = findingOfRunningDrift(
        event.path,
        event.process,
        new Date(event.at),
        entry.policy.severityOverrides,
      );
      const incident = await this.#options.record(entry.details, entry.policy, finding);
      if (incident !== null) this.#options.decide(incident, entry.policy, finding);
    }
  }

  async #onDenied(event: Extract<EnforcementEvent, { type: 'denied' }>): Promise<void> {
    const { frames, clock, emit, record, decide } = this.#options;
    const entry = this.#protected.get(event.containerId);
    if (entry === undefined) {
      event.file?.release();
      return;
    }
    const { id, name, image } = entry.details;
    const container = { id, name, image };
    const at = new Date(event.at);
    const finding = findingOfDenial(event.denial, at, entry.policy.severityOverrides);
    const incident = await record(entry.details, entry.policy, finding);
    if (incident === null) {
      event.file?.release();
      return;
    }
    const { denial, problem } = await keepDenied({ frames, clock }, event, { incident, container });
    emit({ type: 'denied', at: at.toISOString(), container: { id, name }, incident, ...denial });
    if (problem !== null) emit(problem);
    // Evidence comes before anything that destroys it.
    decide(incident, entry.policy, finding);
  }

  async #onLapse({
    containerId,
    reason,
    from,
    to,
  }: Extract<EnforcementEvent, { type: 'lapse' }>): Promise<void> {
    const { emit, record } = this.#options;
    const at = new Date(to);
    const concerned = [...this.#protected.values()].filter(
      ({ details }) => containerId === null || details.id === containerId,
    );
    for (const { details, policy } of concerned) {
      const container = { id: details.id, name: details.name };
      emit({ type: 'gap', at: at.toISOString(), container, reason, rescanned: false, lengthMs: to - from });
      if (policy.mode !== 'watch')
        await record(details, policy, findingOfLapse(reason, from, to, policy.severityOverrides));
    }
  }
}

/** The engine's user, or a container that removes itself, has met a layer that is held. */
function removalRefused({ name }: ContainerDetails): PristineError {
  return new PristineError('E_ENGINE_REFUSED', `${name} was not removed: its layer is kept as evidence`, {
    next: 'Nothing needs to be done: it goes once its evidence is sealed, or remove it then by "docker rm".',
  });
}
