import {
  type GuardEvent,
  type Incident,
  type NotificationEvent,
  SEVERITIES,
  type Severity,
} from '../contract/index.ts';
import { safeText } from './text.ts';

/** What is to be told, for whoever wants to hear of it. */
export interface Draft {
  readonly kind: NotificationEvent;
  readonly severity: Severity;
  readonly at: string;
  readonly container: { readonly id: string; readonly name: string } | null;
  readonly incident: string | null;
  readonly rule: string | null;
  readonly attack: readonly string[];
  readonly path: string | null;
  readonly title: string;
  readonly text: string;
  readonly ended: boolean;
  /** Messages whose kind, incident, container and this are the same may be merged. */
  readonly sameness: string;
}

type Of<T extends GuardEvent['type']> = Extract<GuardEvent, { type: T }>;

export interface DescriberDependencies {
  /** @throws when there is none */
  readonly incident: (id: string) => Promise<Pick<Incident, 'severity' | 'findings'>>;
}

const MAX_NAME = 128;
const MAX_PATH = 512;
const MAX_TEXT = 1000;
/** Incidents and failures that are remembered; the store knows the others. */
const MAX_REMEMBERED = 1000;

const STEP_TITLES: Partial<Record<Of<'step'>['step'], string>> = {
  lock: 'the suspect was made read-only',
  freeze: 'the suspect is frozen',
  capture: 'evidence is sealed',
  replace: 'a pristine container took its place',
};
const ACCESS_WORDS: Readonly<Record<Of<'denied'>['access'], string>> = {
  execute: 'to be executed',
  load: 'to be loaded',
  read: 'to be read',
  interpret: 'to be interpreted',
};
const BUDGET_KINDS: Readonly<Record<string, 'budget' | 'offline'>> = {
  E_BUDGET: 'budget',
  E_OFFLINE: 'offline',
};

/** Whether an event may become a message; what changes are there is told by their findings. */
export function isNotable(event: GuardEvent): boolean {
  if (event.type === 'step') return event.phase !== 'intent';
  return ['finding', 'denied', 'refused-write', 'incident', 'gap', 'problem'].includes(event.type);
}

/** Makes messages of the guard's events, one after the other in the order in which they came. */
export class Describer {
  readonly #deps: DescriberDependencies;
  readonly #severities = new Map<string, Severity>();
  /** Failures by their text: one is told by a step, and again as a problem and in the incident's end. */
  readonly #failures = new Map<string, { ref: Pick<Draft, 'container' | 'incident'>; told: boolean }>();

  constructor(deps: DescriberDependencies) {
    this.#deps = deps;
  }

  /** @returns null when there is nothing to tell */
  async describe(event: GuardEvent): Promise<Draft | null> {
    switch (event.type) {
      case 'finding':
        return this.#finding(event);
      case 'denied':
        return this.#denied(event);
      case 'refused-write':
        return refusedWrite(event);
      case 'step':
        return this.#step(event);
      case 'incident':
        return this.#incident(event);
      case 'gap':
        return draft(event.at, 'gap', 'medium', {
          container: event.container,
          title: 'events may have been lost',
          text: `${event.reason}; ${event.rescanned ? 'made good by a rescan' : 'a rescan follows'}`,
          sameness: event.reason,
        });
      case 'problem':
        return this.#problem(event);
      default:
        return null;
    }
  }

  async #finding({ at, container, incident, finding }: Of<'finding'>): Promise<Draft> {
    const before = await this.#severityBefore(incident, finding);
    const worse = before === null || rank(finding.severity) > rank(before);
    if (worse) this.#remember(incident, finding.severity);
    const { rule, severity, attack, path } = finding;
    const how = before === null ? 'incident' : worse ? `incident now ${severity}` : 'finding';
    return draft(at, worse ? 'incident' : 'finding', severity, {
      ...{ container, incident, rule, attack, path },
      title: `${how}: ${finding.title}`,
      text: `${finding.path}: ${finding.reason}`,
      sameness: rule,
    });
  }

  async #denied({ at, container, incident, enforced, access, path, reason, times }: Of<'denied'>) {
    const again = times === 1 ? '' : ` (${times} times)`;
    return draft(at, 'denial', await this.#severityOf(incident), {
      ...{ container, incident, path },
      title: `${enforced ? 'refused' : 'would be refused'} ${ACCESS_WORDS[access]}`,
      text: `${reason}${again}`,
      sameness: access,
    });
  }

  async #step({ at, container, incident, step, phase, text }: Of<'step'>): Promise<Draft | null> {
    const severity = await this.#severityOf(incident);
    const ref = { container, incident, rule: step, sameness: step };
    if (phase === 'failed') {
      // Why nothing could be decided comes as a problem, with a code that says what it is.
      const told = step !== 'decide';
      remember(this.#failures, text, { ref: { container, incident }, told });
      const least = rank(severity) > rank('high') ? severity : 'high';
      return told ? draft(at, 'failed', least, { ...ref, title: `failed to ${step}`, text }) : null;
    }
    if (step === 'keep' || step === 'remove') {
      const title = step === 'keep' ? 'the suspect is kept' : 'the suspect was removed';
      return draft(at, 'suspect', severity, { ...ref, title, text });
    }
    const title = STEP_TITLES[step];
    return title === undefined ? null : draft(at, 'step', severity, { ...ref, title, text });
  }

  #incident({
    at,
    incident: { id, container, state, severity, error = '', bundles, endedAt },
  }: Of<'incident'>) {
    this.#remember(id, severity);
    const ref = { container: { id: container.id, name: container.name }, incident: id };
    if (state === 'failed') {
      const known = this.#failures.get(error);
      if (known?.ref.incident === id) return null;
      const title = 'the response failed, and a person is needed';
      return draft(at, 'failed', 'critical', { ...ref, title, text: error, sameness: error });
    }
    if (endedAt === null) return null;
    const evidence = bundles.length === 0 ? 'no evidence was kept' : `evidence ${bundles.join(', ')}`;
    const title = state === 'healed' ? 'healed: a pristine container serves' : 'the incident was closed';
    return draft(at, 'ended', severity, { ...ref, title, text: evidence, ended: true });
  }

  #problem({ at, code, message, next }: Of<'problem'>): Draft | null {
    const known = this.#failures.get(message);
    const kind = BUDGET_KINDS[code];
    if (known?.told === true && kind === undefined) return null;
    const title =
      kind === undefined
        ? 'problem'
        : kind === 'budget'
          ? 'replaced as often as policy allows'
          : 'kept off the network';
    const severity = kind !== undefined ? 'critical' : code === 'E_NOT_SUPPORTED' ? 'medium' : 'high';
    return draft(at, kind ?? 'problem', severity, {
      ...known?.ref,
      rule: code,
      title: kind === undefined ? `${title} ${code}` : title,
      text: `${message}. ${next}`,
      sameness: `${code} ${message}`,
    });
  }

  /** The severity that the incident had before a finding; null when the finding opened it. */
  async #severityBefore(incident: string, { id }: Of<'finding'>['finding']): Promise<Severity | null> {
    const known = this.#severities.get(incident);
    if (known !== undefined) return known;
    const { findings } = await this.#deps.incident(incident);
    const at = findings.findIndex((finding) => finding.id === id);
    const earlier = at === -1 ? findings : findings.slice(0, at);
    return earlier.reduce<Severity | null>(
      (worst, { severity }) => (worst === null || rank(severity) > rank(worst) ? severity : worst),
      null,
    );
  }

  async #severityOf(incident: string): Promise<Severity> {
    const known = this.#severities.get(incident);
    if (known !== undefined) return known;
    const { severity } = await this.#deps.incident(incident);
    this.#remember(incident, severity);
    return severity;
  }

  #remember(incident: string, severity: Severity): void {
    remember(this.#severities, incident, severity);
  }
}

function refusedWrite({ at, container, write: { path, call, command }, untold, next }: Of<'refused-write'>) {
  const who = command === null ? '' : `${command} tried to write it`;
  const how = call === null ? '' : ` by ${call}`;
  const more = untold === 0 ? '' : `; ${untold} more were not told`;
  return draft(at, 'refusal', 'medium', {
    ...{ container, path },
    title: 'a write was refused, as the container is read-only',
    text: `${path ?? 'a path that is not known'}: ${who || 'it was to be written'}${how}${more}. "${next}" takes it into the plan.`,
  });
}

function draft(
  at: string,
  kind: NotificationEvent,
  severity: Severity,
  rest: Partial<Draft> & Pick<Draft, 'title' | 'text'>,
): Draft {
  const { container = null, incident = null, rule = null, attack = [], path = null } = rest;
  return {
    ...{ kind, severity, at, incident, rule, attack },
    container: container && { id: container.id, name: safeText(container.name, MAX_NAME) },
    path: path === null ? null : safeText(path, MAX_PATH),
    title: safeText(rest.title, MAX_NAME),
    text: safeText(rest.text, MAX_TEXT),
    ended: rest.ended ?? false,
    sameness: rest.sameness ?? '',
  };
}

/** Puts an entry last, and forgets the first when they are too many. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const [first] = map.keys();
  if (map.size > MAX_REMEMBERED && first !== undefined) map.delete(first);
}

function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}
