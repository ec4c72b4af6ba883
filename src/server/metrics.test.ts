import { expect, test } from 'vitest';
import type { Finding, GuardEvent, Incident } from '../contract/index.ts';
import { createMetrics } from './metrics.ts';
import type { ServerDependencies } from './port.ts';

const at = (second: string) => `2026-01-02T03:04:${second}Z`;
const container = { id: 'c1', name: 'web' };

const finding: Finding = {
  id: 'f1',
  rule: 'web-shell',
  title: 'Web shell',
  severity: 'high',
  attack: [],
  path: '/x"\n',
  kind: 'A',
  reason: '',
  at: at('00'),
};
const incident = (id: string, over: Partial<Incident>): Incident => ({
  id,
  container: { ...container, image: 'web:1' },
  mode: 'heal',
  state: 'open',
  severity: 'high',
  openedAt: at('00'),
  endedAt: null,
  findings: [],
  bundles: [],
  replacement: null,
  suspect: null,
  ...over,
});
const denied: GuardEvent = {
  ...{ type: 'denied', at: at('01'), container, incident: 'inc-1', enforced: true, path: '/x', sha256: null },
  ...{ access: 'execute', size: 1, reason: '', writer: null, reader: null, allow: { path: '/x' }, times: 3 },
};
const step = (
  step: 'freeze' | 'replace',
  phase: 'intent' | 'done' | 'failed',
  second: string,
): GuardEvent => ({
  ...{ type: 'step', at: at(second), container, incident: 'inc-1', step, phase, text: '' },
});

function guard(incidents: Incident[]) {
  let emit: (event: GuardEvent) => void = () => {};
  let asked = 0;
  const deps: ServerDependencies = {
    containers: () => [
      { ...container, image: 'web:1', mode: 'heal' },
      { id: 'c2', name: 'db', image: 'db:1', mode: 'watch' },
      { id: 'c3', name: 'db2', image: 'db:1', mode: 'watch' },
    ],
    incidents: async () => {
      asked += 1;
      return incidents;
    },
    incident: () => Promise.reject(new Error('not asked')),
    notifications: async () => [{ target: 'ops', queued: 2, sent: 3, failed: 4, dropped: 5 }],
    subscribe: (listener) => {
      emit = listener;
      return () => {
        emit = () => {};
      };
    },
  };
  return { deps, emit: (event: GuardEvent) => emit(event), asked: () => asked };
}

test('metrics count what happens, and say how things stand', async () => {
  const healed = incident('inc-0', { state: 'healed', severity: 'critical' });
  const kept = incident('inc-1', { suspect: { id: 'c0', name: 'web-suspect', until: at('59') } });
  const { deps, emit } = guard([healed, kept]);
  const metrics = createMetrics(deps);
  const events: GuardEvent[] = [
    { type: 'finding', at: at('00'), container, incident: 'inc-1', finding },
    denied,
    step('freeze', 'intent', '01.000'),
    step('freeze', 'done', '01.040'),
    step('replace', 'intent', '01.100'),
    step('replace', 'failed', '02.100'),
    step('replace', 'intent', '03.000'),
    step('replace', 'done', '04.000'),
    // Its beginning was before this guard.
    step('replace', 'done', '05.000'),
    { type: 'incident', at: at('06'), incident: kept },
    { type: 'incident', at: at('06'), incident: healed },
    { type: 'gap', at: at('07'), container: null, reason: 'x', rescanned: true },
    { type: 'problem', at: at('08'), code: 'E_DISK_FULL', message: 'x', next: 'y' },
  ];
  for (const event of events) emit(event);
  const text = await metrics.render();
  for (const line of [
    'pristine_findings_total{rule="web-shell",severity="high"} 1',
    'pristine_denials_total{access="execute",enforced="true"} 3',
    'pristine_response_step_seconds_bucket{le="0.05",step="freeze",outcome="done"} 1',
    'pristine_response_step_seconds_bucket{le="0.025",step="freeze",outcome="done"} 0',
    'pristine_response_step_seconds_sum{step="replace",outcome="done"} 1',
    'pristine_response_step_seconds_count{step="replace",outcome="failed"} 1',
    'pristine_replacements_total 2',
    'pristine_response_attempts_total{outcome="healed"} 1',
    'pristine_gaps_total 1',
    'pristine_problems_total{code="E_DISK_FULL"} 1',
    'pristine_watched_containers{mode="watch"} 2',
    'pristine_watched_containers{mode="heal"} 1',
    'pristine_incidents{state="healed",severity="critical"} 1',
    'pristine_incidents{state="open",severity="high"} 1',
    'pristine_kept_suspects 1',
    'pristine_notifications_queued{target="ops"} 2',
    'pristine_notifications_total{target="ops",outcome="sent"} 3',
    'pristine_notifications_total{target="ops",outcome="failed"} 4',
    'pristine_notifications_total{target="ops",outcome="dropped"} 5',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect(text).not.toContain('outcome="open"');
  metrics.close();
});

test('incidents are read again only when something has happened to one', async () => {
  const incidents = [incident('inc-1', {})];
  const { deps, emit, asked } = guard(incidents);
  const metrics = createMetrics(deps);
  await metrics.render();
  await metrics.render();
  expect(asked()).toBe(1);
  incidents[0] = incident('inc-1', { state: 'failed' });
  emit({ type: 'finding', at: at('00'), container, incident: 'inc-1', finding });
  const text = await metrics.render();
  expect(asked()).toBe(2);
  expect(text).toContain('pristine_incidents{state="failed",severity="high"} 1');
  expect(text).not.toContain('pristine_incidents{state="open"');
  // A counter of the outbox is set, not added up at each scrape.
  expect(text).toContain('pristine_notifications_total{target="ops",outcome="sent"} 3');
  metrics.close();
});
