import { describe, expect, test } from 'vitest';
import type { Config } from '../contract/index.ts';
import { PristineError } from '../kernel/index.ts';
import { policyFor } from './policy.ts';

const web = { name: 'web-1', image: 'shop/web:2' };
const config: Config = {
  version: 1,
  defaults: { mode: 'watch', allow: ['/a/**'], healAt: 'critical' },
  containers: [
    { match: { name: 'web-*' }, mode: 'protect', allow: ['/b'] },
    { match: { name: 'web-*', image: 'other/**' }, mode: 'heal' },
    { match: { image: 'shop/**' }, healAt: 'medium' },
    { match: {}, mode: 'heal' },
  ],
  rules: { disable: ['shell-history'], severity: { 'cron-job': 'low' } },
};

describe('policyFor', () => {
  test('starts from watching, healing at high, and no allowance', () => {
    expect(policyFor({ version: 1 }, web, {}, {})).toEqual({
      mode: 'watch',
      healAt: 'high',
      allow: [],
      disabledRules: [],
      severityOverrides: {},
    });
  });

  test('lets matching entries, labels and flags say more than what comes before', () => {
    expect(policyFor(config, { name: 'db', image: 'mariadb' }, {}, {})).toMatchObject({
      mode: 'watch',
      healAt: 'critical',
      allow: ['/a/**'],
    });
    expect(policyFor(config, web, {}, {})).toEqual({
      mode: 'protect',
      healAt: 'medium',
      allow: ['/a/**', '/b'],
      disabledRules: ['shell-history'],
      severityOverrides: { 'cron-job': 'low' },
    });
    const labels = {
      'pristine.mode': 'heal',
      'pristine.heal-at': 'low',
      'pristine.allow': '/c, /d/**\n/b',
      other: 'x',
    };
    expect(policyFor(config, web, labels, {})).toMatchObject({
      mode: 'heal',
      healAt: 'low',
      allow: ['/a/**', '/b', '/c', '/d/**'],
    });
    expect(policyFor(config, web, labels, { mode: 'watch', healAt: 'info', allow: ['/e'] })).toMatchObject({
      mode: 'watch',
      healAt: 'info',
      allow: ['/a/**', '/b', '/c', '/d/**', '/e'],
    });
  });

  test('knows the labels that Pristine itself sets', () => {
    const labels = {
      'pristine.incident': 'i',
      'pristine.image': 'x',
      'pristine.replaces': 'y',
      'pristine.demo': '',
      'pristine.test': '1',
      'pristine.evidence': '1',
      'org.opencontainers.image.title': 't',
    };
    expect(policyFor({ version: 1 }, web, labels, {}).mode).toBe('watch');
  });

  test.each([
    [
      { 'pristine.mod': 'heal' },
      'Container web-1: the label pristine.mod is not known. Did you mean “pristine.mode”?',
    ],
    [
      { 'pristine.healAt': 'low' },
      'Container web-1: the label pristine.healAt is not known. Did you mean “pristine.heal-at”?',
    ],
    [
      { 'pristine.mode': 'heel' },
      'Container web-1: the label pristine.mode says “heel”, which is none of watch, protect, heal. Did you mean “heal”?',
    ],
    [
      { 'pristine.heal-at': '' },
      'Container web-1: the label pristine.heal-at says “”, which is none of info, low, medium, high, critical.',
    ],
    [
      { 'pristine.allow': '/a,tmp/*' },
      'Container web-1: the label pristine.allow names “tmp/*”, which is no absolute path.',
    ],
  ])('refuses the labels %j', (labels, message) => {
    const call = () => policyFor({ version: 1 }, web, labels as unknown as Record<string, string>, {});
    expect(call).toThrow(PristineError);
    expect(call).toThrow(message);
  });
});
