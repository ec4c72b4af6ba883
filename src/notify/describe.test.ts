import { describe, expect, test } from 'vitest';
import type { Finding, GuardEvent, Incident, Severity } from '../contract/index.ts';
import { Describer, isNotable } from './describe.ts';

const AT = '2026-01-02T03:04:05.000Z';
const container = { id: 'c1', name: 'web' };
const finding = (id: string, severity: Severity): Finding => ({
  ...{ id, rule: 'r', title: 'T', severity, attack: [], path: '/x', kind: 'A', reason: 'why', at: AT },
});
const found = (id: string, severity: Severity): GuardEvent => ({
  ...{ type: 'finding', at: AT, container, incident: 'inc-1', finding: finding(id, severity) },
});
type Step = Extract<GuardEvent, { type: 'step' }>;
const step = (step: Step['step'], phase: Step['phase'], text = 'said'): GuardEvent => ({
  ...{ type: 'step', at: AT, container, incident: 'inc-1', step, phase, text },
});
const problem = (code: string, message: string): GuardEvent => ({
  ...{ type: 'problem', at: AT, code, message, next: 'Do.' },
});
const ended = (state: Incident['state'], over: Partial<Incident> = {}): GuardEvent => ({
  type: 'incident',
  at: AT,
  incident: {
    ...{ id: 'inc-1', container: { ...container, image: 'i' }, mode: 'heal', state, severity: 'critical' },
    ...{ openedAt: AT, endedAt: null, findings: [], bundles: [], replacement: null, suspect: null },
    ...over,
  },
});

/** What becomes of events, one after the other; the store has these findings by then. */
async function told(events: GuardEvent[], findings: Finding[] = []) {
  const severities: Severity[] = ['info', 'low', 'medium', 'high', 'critical'];
  const worst = Math.max(0, ...findings.map(({ severity }) => severities.indexOf(severity)));
  const describer = new Describer({
    incident: async () => ({ findings, severity: severities[worst] ?? 'info' }),
  });
  const drafts = [];
  for (const event of events) drafts.push(await describer.describe(event));
  return drafts.flatMap((draft) => (draft === null ? [] : [[draft.kind, draft.severity, draft.title]]));
}

describe('what is told', () => {
  test('of findings: that an incident was opened, that it has become worse, and the others', async () => {
    const all = [finding('a', 'medium'), finding('b', 'medium'), finding('c', 'high'), finding('d', 'low')];
    // All are in the store when the first event comes.
    const events = [found('a', 'medium'), found('b', 'medium'), found('c', 'high'), found('d', 'low')];
    expect(await told(events, all)).toEqual([
      ['incident', 'medium', 'incident: T'],
      ['finding', 'medium', 'finding: T'],
      ['incident', 'high', 'incident now high: T'],
      ['finding', 'low', 'finding: T'],
    ]);
  });

  test('of findings after a restart: no incident anew', async () => {
    const all = [finding('a', 'high'), finding('b', 'medium'), finding('c', 'critical')];
    expect(await told([found('b', 'medium'), found('c', 'critical')], all)).toEqual([
      ['finding', 'medium', 'finding: T'],
      ['incident', 'critical', 'incident now critical: T'],
    ]);
  });

  test('of steps: those that matter, with the severity of the incident', async () => {
    const done = ['decide', 'lock', 'prepare', 'redirect', 'freeze', 'capture', 'verify', 'stop'] as const;
    const more = ['replace', 'health', 'compare', 'dependents', 'keep', 'remove'] as const;
    const events = [...done, ...more].map((name) => step(name, 'done'));
    expect(await told(events, [finding('a', 'critical')])).toEqual([
      ['step', 'critical', 'the suspect was made read-only'],
      ['step', 'critical', 'the suspect is frozen'],
      ['step', 'critical', 'evidence is sealed'],
      ['step', 'critical', 'a pristine container took its place'],
      ['suspect', 'critical', 'the suspect is kept'],
      ['suspect', 'critical', 'the suspect was removed'],
    ]);
  });

  test('of a failure: once, though it comes as step, as problem and as state', async () => {
    const events = [
      step('health', 'failed', 'no health'),
      problem('E_UNHEALTHY', 'no health'),
      ended('failed', { error: 'no health' }),
      ended('failed', { error: 'no replacement could be had: it serves again' }),
    ];
    expect(await told(events)).toEqual([
      ['failed', 'high', 'failed to health'],
      ['failed', 'critical', 'the response failed, and a person is needed'],
    ]);
  });

  test('of a budget that is used up: that, and whose', async () => {
    const describer = new Describer({ incident: async () => ({ findings: [], severity: 'high' }) });
    const text = 'web was replaced 6 times within an hour';
    expect(await describer.describe(step('decide', 'failed', text))).toBeNull();
    expect(await describer.describe(problem('E_BUDGET', text))).toMatchObject({
      ...{ kind: 'budget', severity: 'critical', incident: 'inc-1', container, rule: 'E_BUDGET' },
    });
    expect(await describer.describe(ended('failed', { error: text }))).toBeNull();
    expect(await describer.describe(problem('E_OFFLINE', 'x'))).toMatchObject({ kind: 'offline' });
    // Anything else that keeps it from deciding is told as the problem that it is.
    await describer.describe(step('decide', 'failed', 'disk full'));
    expect(await describer.describe(problem('E_DISK_FULL', 'disk full'))).toMatchObject({
      ...{ kind: 'problem', severity: 'high', incident: 'inc-1' },
    });
  });

  test('of an end, a refusal, a gap and a limit of the host', async () => {
    const denied: GuardEvent = {
      ...{ type: 'denied', at: AT, container, incident: 'inc-1', enforced: true, path: '/m', sha256: null },
      ...{ access: 'execute', size: 1, reason: 'not from the image', writer: null, reader: null },
      ...{ allow: { path: '/m' }, times: 2 },
    };
    const events: GuardEvent[] = [
      denied,
      ended('open'),
      ended('healed', { endedAt: AT, bundles: ['ev-1'] }),
      ended('closed', { endedAt: AT }),
      { type: 'gap', at: AT, container: null, reason: 'queue overflow', rescanned: true },
      problem('E_NOT_SUPPORTED', 'polled'),
      { type: 'unwatched', at: AT, container, reason: 'x' },
      {
        ...{ type: 'refused-write', at: AT, container, plan: 'plan-1', untold: 0, next: 'pristine harden' },
        write: { path: '/x', call: 'mkdir', command: 'sh', pid: 1, at: AT, seenBy: 'kernel' },
      },
    ];
    expect(await told(events, [finding('a', 'high')])).toEqual([
      ['denial', 'high', 'refused to be executed'],
      ['ended', 'critical', 'healed: a pristine container serves'],
      ['ended', 'critical', 'the incident was closed'],
      ['gap', 'medium', 'events may have been lost'],
      ['problem', 'medium', 'problem E_NOT_SUPPORTED'],
      ['refusal', 'medium', 'a write was refused, as the container is read-only'],
    ]);
  });

  test('is decided at once for what can never be told', () => {
    expect(isNotable(step('freeze', 'intent'))).toBe(false);
    expect(isNotable({ type: 'ready', at: AT, containers: 1 })).toBe(false);
    expect(isNotable(found('a', 'low'))).toBe(true);
  });
});
