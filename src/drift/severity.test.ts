import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICY, type Mode, SEVERITIES, type Severity } from '../contract/index.ts';
import { compareSeverity, decide, worstSeverity } from './severity.ts';

const findings = (...severities: Severity[]) => severities.map((severity) => ({ severity }));

test('compareSeverity orders as the contract lists', () => {
  expect([...SEVERITIES].reverse().sort(compareSeverity)).toEqual([...SEVERITIES]);
});

test('worstSeverity is the most severe, or null of nothing', () => {
  expect(worstSeverity(findings('low', 'critical', 'info'))).toBe('critical');
  expect(worstSeverity([])).toBeNull();
});

describe('decide', () => {
  test.each<[Mode, Severity, Severity[], string]>([
    ['watch', 'low', ['critical'], 'tell'],
    ['protect', 'low', ['critical'], 'protect'],
    ['heal', 'high', ['low', 'high'], 'heal'],
    ['heal', 'high', ['critical'], 'heal'],
    ['heal', 'high', ['medium'], 'protect'],
    ['heal', 'info', ['info'], 'heal'],
    ['heal', 'info', [], 'tell'],
    ['protect', 'info', [], 'tell'],
  ])('mode %s, heal at %s, findings %j: %s', (mode, healAt, severities, decision) => {
    expect(decide(findings(...severities), { ...DEFAULT_POLICY, mode, healAt })).toBe(decision);
  });
});
