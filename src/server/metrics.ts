import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { GuardEvent, Incident } from '../contract/index.ts';
import type { ServerDependencies } from './port.ts';

export interface Metrics {
  readonly contentType: string;
  /** In the text format of Prometheus. */
  render(): Promise<string>;
  close(): void;
}

/** From a look at a journal to the capture of gigabytes. */
const STEP_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
/** The library's own would wake an idle guard a hundred times a second. */
const LOOP_PRECISION_MS = 200;
/** Steps at work; a response that is never heard of again must not stay for ever. */
const MAX_STEPS_AT_WORK = 1000;

/** Counts the guard's events, and asks for the state of things whenever somebody scrapes. */
export function createMetrics(deps: ServerDependencies): Metrics {
  const register = new Registry();
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: LOOP_PRECISION_MS });
  const counters = countersIn(register);
  const gauges = gaugesIn(register);
  const observe = observer(counters);
  // Incidents are read anew only when something may have happened to one.
  let incidents: Incident[] | null = null;
  const unsubscribe = deps.subscribe((event) => {
    if (['finding', 'denied', 'step', 'incident'].includes(event.type)) incidents = null;
    observe(event);
  });

  return {
    contentType: register.contentType,
    render: async () => {
      const known = incidents ?? (await deps.incidents());
      incidents = known;
      gauges.containers.reset();
      for (const { mode } of deps.containers()) gauges.containers.inc({ mode });
      gauges.incidents.reset();
      for (const { state, severity } of known) gauges.incidents.inc({ state, severity });
      gauges.suspects.set(known.filter(({ suspect }) => suspect !== null).length);
      for (const { target, queued, sent, failed, dropped } of await deps.notifications()) {
        gauges.queued.set({ target }, queued);
        for (const [outcome, count] of Object.entries({ sent, failed, dropped })) {
          counters.notifications.remove({ target, outcome });
          counters.notifications.inc({ target, outcome }, count);
        }
      }
      return register.metrics();
    },
    close: unsubscribe,
  };
}

function countersIn(register: Registry) {
  const registers = [register];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name: `pristine_${name}`, help, labelNames, registers });
  return {
    findings: counter('findings_total', 'Findings since the guard began.', ['rule', 'severity']),
    denials: counter('denials_total', 'Refusals, or in mode watch what would have been one.', [
      'access',
      'enforced',
    ]),
    refusedWrites: counter('refused_writes_total', 'Paths that read-only containers could not write.', []),
    responses: counter('response_attempts_total', 'Attempts at a response, by how they ended.', ['outcome']),
    replacements: counter('replacements_total', 'Containers that a pristine one took the place of.', []),
    gaps: counter('gaps_total', 'Times in which events may have been lost.', []),
    problems: counter('problems_total', 'Problems of the guard, by their code.', ['code']),
    notifications: counter('notifications_total', 'Messages sent and given up, and attempts that failed.', [
      'target',
      'outcome',
    ]),
    steps: new Histogram({
      name: 'pristine_response_step_seconds',
      help: 'How long steps of responses took.',
      labelNames: ['step', 'outcome'],
      buckets: STEP_BUCKETS_S,
      registers,
    }),
  };
}

function gaugesIn(register: Registry) {
  const gauge = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Gauge({ name: `pristine_${name}`, help, labelNames, registers: [register] });
  return {
    containers: gauge('watched_containers', 'Containers that are watched now.', ['mode']),
    incidents: gauge('incidents', 'Incidents that are kept, also those of earlier guards.', [
      'state',
      'severity',
    ]),
    suspects: gauge('kept_suspects', 'Compromised containers that are kept, frozen and off the network.', []),
    queued: gauge('notifications_queued', 'Messages that wait to be sent.', ['target']),
  };
}

/** Labels are words of ours: what a container could choose would make series without end. */
function observer(counters: ReturnType<typeof countersIn>): (event: GuardEvent) => void {
  const begun = new Map<string, number>();
  return (event) => {
    switch (event.type) {
      case 'finding':
        counters.findings.inc({ rule: event.finding.rule, severity: event.finding.severity });
        break;
      case 'denied':
        counters.denials.inc({ access: event.access, enforced: String(event.enforced) }, event.times);
        break;
      case 'refused-write':
        counters.refusedWrites.inc(1 + event.untold);
        break;
      case 'incident':
        // One that has neither healed nor failed nor been closed is at work still.
        if (['healed', 'failed', 'closed'].includes(event.incident.state))
          counters.responses.inc({ outcome: event.incident.state });
        break;
      case 'gap':
        counters.gaps.inc();
        break;
      case 'problem':
        counters.problems.inc({ code: event.code });
        break;
      case 'step':
        observeStep(event, begun, counters);
        break;
    }
  };
}

function observeStep(
  { incident, step, phase, at }: Extract<GuardEvent, { type: 'step' }>,
  begun: Map<string, number>,
  { steps, replacements }: ReturnType<typeof countersIn>,
): void {
  const key = `${incident} ${step}`;
  if (phase === 'intent') {
    begun.set(key, Date.parse(at));
    const [oldest] = begun.keys();
    if (begun.size > MAX_STEPS_AT_WORK && oldest !== undefined) begun.delete(oldest);
    return;
  }
  const since = begun.get(key);
  begun.delete(key);
  // The clock may have been set back meanwhile.
  if (since !== undefined)
    steps.observe({ step, outcome: phase }, Math.max(0, Date.parse(at) - since) / 1000);
  if (step === 'replace' && phase === 'done') replacements.inc();
}
