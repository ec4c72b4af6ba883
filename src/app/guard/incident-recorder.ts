import type { Finding, GuardEvent, Incident, Mode } from '../../contract/index.ts';
import type { Clock } from '../../kernel/index.ts';
import { newId } from '../../kernel/index.ts';
import type { Store } from '../../store/index.ts';

/**
 * An incident lists so many findings of one rule: an attacker who makes a million files must not fill the disk
 * with ours, nor hide what another rule sees behind them.
 */
const MAX_OF_A_RULE = 200;

interface Container {
  readonly id: string;
  readonly name: string;
  readonly image: string;
}

/** Puts findings into the container's incident, opening one at the first, and tells each new one once. */
export class IncidentRecorder {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #emit: (event: GuardEvent) => void;
  /** Paths of the findings told so far, by incident and rule. */
  readonly #told = new Map<string, Map<string, Set<string>>>();

  constructor(store: Store, clock: Clock, emit: (event: GuardEvent) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#emit = emit;
  }

  /**
   * @param latencyOf milliseconds since the change, when it came by an event
   * @returns the incident's id; null when there was nothing to record
   */
  async record(
    container: Container,
    mode: Mode,
    findings: readonly Finding[],
    latencyOf: (finding: Finding) => number | undefined,
  ): Promise<string | null> {
    if (findings.length === 0) return null;
    const incidentId = await this.#incidentOf(container, mode);
    const told = this.#told.get(incidentId) ?? new Map<string, Set<string>>();
    this.#told.set(incidentId, told);
    for (const finding of findings) {
      const paths = told.get(finding.rule) ?? new Set();
      told.set(finding.rule, paths);
      if (paths.has(finding.path) || paths.size >= MAX_OF_A_RULE) continue;
      // Only what is on disk counts as told.
      const isNew = await this.#store.addFinding(incidentId, finding);
      paths.add(finding.path);
      if (isNew) await this.#tell(incidentId, container, finding, latencyOf(finding));
      if (paths.size === MAX_OF_A_RULE)
        await this.#note(
          incidentId,
          `findings of the rule ${finding.rule} beyond ${MAX_OF_A_RULE} are not listed`,
        );
    }
    return incidentId;
  }

  /** Ends the incident of a container that went away by itself. */
  async close(containerId: string, reason: string): Promise<void> {
    const incident = await this.#store.activeIncident(containerId);
    // A response that is at work, or is tried again, ends it itself.
    if (incident === null || incident.state !== 'open') return;
    await this.#note(incident.id, reason);
    await this.#store.updateIncident(incident.id, { state: 'closed', endedAt: this.#now() });
    this.#told.delete(incident.id);
    this.#emit({ type: 'incident', at: this.#now(), incident: await this.#store.incident(incident.id) });
  }

  async #incidentOf({ id, name, image }: Container, mode: Mode): Promise<string> {
    const active = await this.#store.activeIncident(id);
    if (active !== null) return this.#remember(active);
    const incidentId = newId('inc', this.#clock);
    await this.#store.openIncident({
      id: incidentId,
      container: { id, name, image },
      mode,
      openedAt: this.#now(),
    });
    return incidentId;
  }

  #remember(incident: Incident): string {
    if (!this.#told.has(incident.id)) {
      const told = new Map<string, Set<string>>();
      for (const { rule, path } of incident.findings) {
        const paths = told.get(rule) ?? new Set();
        told.set(rule, paths.add(path));
      }
      this.#told.set(incident.id, told);
    }
    return incident.id;
  }

  async #tell(
    incident: string,
    { id, name }: Container,
    finding: Finding,
    latencyMs?: number,
  ): Promise<void> {
    const at = this.#now();
    const text = `${finding.severity}: ${finding.path}: ${finding.reason}`;
    await this.#store.addTimeline(incident, { at, kind: 'finding', text });
    const latency = latencyMs === undefined ? {} : { latencyMs };
    this.#emit({ type: 'finding', at, container: { id, name }, incident, finding, ...latency });
  }

  async #note(incident: string, text: string): Promise<void> {
    await this.#store.addTimeline(incident, { at: this.#now(), kind: 'note', text });
  }

  #now(): string {
    return this.#clock.now().toISOString();
  }
}
