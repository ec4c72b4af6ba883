import { describe, expect, test } from 'vitest';
import type { AttackStep } from '../attacker/attack.ts';
import { measure, median, summariseLatency } from './measure.ts';
import type { GuardLine } from './pristine.ts';
import type { GuardedAttack } from './report.ts';

const step = (id: AttackStep['id'], startedAt: number, endedAt: number): AttackStep => ({
  ...{ id, title: '', request: '', evidence: '', outcome: 'worked' },
  ...{ startedAt, endedAt },
});
const finding = { rule: '', title: '', severity: 'high', attack: [], path: '/x', kind: 'A', reason: '' };
const incident: GuardLine = {
  type: 'incident',
  incident: {
    ...{ id: 'inc-1', container: { id: '', name: '' }, state: 'healed', severity: 'high', openedAt: '' },
    ...{ endedAt: '', findings: [], bundles: [], replacement: null },
  },
};
const visitors = { visits: 1, served: 1, defaced: 0, failed: 0, longestOutageMs: 420, defacedMs: 0 };
const changed = (path: string, mtime: string | null) => ({
  ...{ path, kind: 'A' },
  after: mtime === null ? null : { mtime },
});

describe('measure', () => {
  const observed = {
    steps: [step('execute', 1000, 1010), step('deface', 1010, 1030)],
    lines: [
      { at: 1060, line: { type: 'finding', incident: 'inc-1', finding, latencyMs: 33 } as GuardLine },
      { at: 1061, line: { type: 'finding', incident: 'inc-1', finding, latencyMs: 1 } as GuardLine },
      {
        at: 1080,
        line: { type: 'step', incident: 'inc-1', step: 'freeze', phase: 'done', text: '' } as GuardLine,
      },
    ],
    ended: { at: 2025, line: incident },
    diffs: [
      {
        drift: {
          // An older file (Apache's pid file), the two written now, and one that was deleted.
          changes: [
            changed('/pid', '0.500000000'),
            changed('/b', '1.027000000'),
            changed('/a', '1.025000000'),
            changed('/gone', null),
          ],
          blindSpots: [],
        },
        findings: [],
      },
    ],
    foothold: { firstAnswerAt: 1035, lastAnswerAt: 1070, refusals: 0, goneAt: 1900 },
    visitors,
  };

  test('counts from the first file written since the attack began', () => {
    expect(measure(observed)).toEqual({
      writeToFindingByGuard: 33,
      writeToFindingByFileTime: 35,
      writeToFrozen: 55,
      writeToHealed: 1000,
      foothold: 60,
      outage: 420,
    });
  });

  test('asks the first finding on a write for its latency, not one on a refusal', () => {
    const refusal = { at: 1040, line: { type: 'finding', incident: 'inc-1', finding } as GuardLine };
    const measured = measure({ ...observed, lines: [refusal, ...observed.lines] });
    expect(measured).toMatchObject({ writeToFindingByGuard: 33, writeToFindingByFileTime: 15 });
  });

  test('takes the freeze for the end of a foothold whose shell never answered', () => {
    const foothold = { firstAnswerAt: null, lastAnswerAt: null, refusals: 9, goneAt: 1900 };
    expect(measure({ ...observed, foothold }).foothold).toBe(70);
  });

  test('says null for what did not happen', () => {
    const nothing = measure({ ...observed, lines: [], diffs: [], steps: [] });
    expect(nothing).toMatchObject({ writeToFindingByGuard: null, writeToHealed: null, foothold: null });
  });
});

test('a summary leaves out what did not happen', () => {
  const attack = (writeToFindingByGuard: number | null, foothold: number) =>
    ({ measures: { writeToFindingByGuard, foothold } }) as GuardedAttack;
  const summary = summariseLatency([attack(10, 1), attack(null, 2), attack(30, 6)]);
  expect(summary).toMatchObject({ attacks: 3, medianByGuard: 20, worstByGuard: 30, medianFoothold: 2 });
});

test.each([
  [[], null],
  [[7], 7],
  [[9, 1, 5], 5],
  [[4, 1, 3, 2], 2.5],
])('median of %j is %j', (values, expected) => {
  expect(median(values)).toBe(expected);
});
