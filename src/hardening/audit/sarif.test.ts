import { expect, test } from 'vitest';
import type { AuditReport } from '../../contract/index.ts';
import { AUDIT_CHECKS } from './checks.ts';
import { sarif } from './sarif.ts';

const item = (id: string, status: 'ok' | 'failed' | 'noted' | 'unknown', cost: number) => ({
  ...{ id, cis: null, title: 't', status, detail: 'at \u001b]0;x\u0007', cost, remedy: 'Do it.' },
});

const report = (name: string, containerId = 'c'): AuditReport => ({
  takenAt: '2026-01-02T03:04:05.678Z',
  engine: 'e',
  containers: [
    {
      container: { id: containerId, name, image: 'i', imageId: 'sha256:0' },
      status: 'running',
      facts: {
        ...{ user: '', networks: [], ports: [], processes: null, sharedNamespaces: null, writable: [] },
        ...{ secrets: [], engineSockets: [], hostServices: null, image: null, watched: null, unknown: [] },
      },
      items: [
        item('user', 'failed', 15),
        item('privileged', 'failed', 100),
        item('memory', 'ok', 0),
        item('setuid', 'unknown', 0),
        item('host-users', 'noted', 0),
      ],
      ...{ grade: 'F', score: 0, arithmetic: '100 - 115 = 0: F.' },
    },
  ],
});

interface Log {
  runs: { tool: { driver: { rules: { id: string }[] } }; results: Record<string, unknown>[] }[];
}

test('a report becomes results with levels, kinds and rules of their own', () => {
  const [run] = (sarif(report('web')) as Log).runs;
  expect(run?.tool.driver.rules.map(({ id }) => id)).toEqual(AUDIT_CHECKS.map(({ id }) => id));
  expect(run?.results.map(({ ruleId, level, kind }) => [ruleId, level, kind])).toEqual([
    ['user', 'warning', 'fail'],
    ['privileged', 'error', 'fail'],
    ['setuid', 'none', 'open'],
    ['host-users', 'none', 'informational'],
  ]);
  for (const { ruleId, ruleIndex } of run?.results ?? [])
    expect(run?.tool.driver.rules[ruleIndex as number]?.id).toBe(ruleId);
  expect(run?.results[0]?.locations).toEqual([
    { logicalLocations: [{ name: 'web', fullyQualifiedName: 'i/web', kind: 'container' }] },
  ]);
});

test('fingerprints are of the name, not of the id', () => {
  const print = (name: string, id: string) =>
    (sarif(report(name, id)) as Log).runs[0]?.results[0]?.partialFingerprints;
  expect(print('web', 'c')).toEqual(print('web', 'd'));
  expect(print('web', 'c')).not.toEqual(print('db', 'c'));
});

test('what a container says is printable', () => {
  expect(JSON.stringify(sarif(report('web')))).not.toMatch(/\\u001b|\\u0007/);
});
