import { describe, expect, test } from 'vitest';
import { type Config, DEFAULT_PROTECTION, DEFAULT_RECOVERY, DEFAULT_REPAVE } from '../contract/index.ts';
import { PristineError } from '../kernel/index.ts';
import { policyFor } from './policy.ts';

const web = { name: 'web-1', image: 'shop/web:2' };
const config: Config = {
  version: 1,
  defaults: { mode: 'watch', allow: ['/a/**'], healAt: 'critical', lockFirst: true },
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
      lockFirst: false,
      allow: [],
      protection: { volumes: 'exec-deny', scripts: 'deny', memfd: 'deny', exceptions: [] },
      recovery: DEFAULT_RECOVERY,
      repave: DEFAULT_REPAVE,
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
      lockFirst: true,
      allow: ['/a/**', '/b'],
      protection: DEFAULT_PROTECTION,
      recovery: DEFAULT_RECOVERY,
      repave: DEFAULT_REPAVE,
      disabledRules: ['shell-history'],
      severityOverrides: { 'cron-job': 'low' },
    });
    const labels = {
      'pristine.mode': 'heal',
      'pristine.heal-at': 'low',
      'pristine.lock-first': 'false',
      'pristine.allow': '/c, /d/**\n/b',
      other: 'x',
    };
    expect(policyFor(config, web, labels, {})).toMatchObject({
      mode: 'heal',
      healAt: 'low',
      lockFirst: false,
      allow: ['/a/**', '/b', '/c', '/d/**'],
    });
    expect(policyFor(config, web, labels, { mode: 'watch', healAt: 'info', allow: ['/e'] })).toMatchObject({
      mode: 'watch',
      healAt: 'info',
      allow: ['/a/**', '/b', '/c', '/d/**', '/e'],
    });
  });

  test('takes of recovery and repave from each source what it says, and leaves the rest', () => {
    const said: Config = {
      version: 1,
      defaults: { recovery: { keepSuspect: '1h', attempts: 9 }, repave: { jitter: 0.5 } },
      containers: [{ match: { name: 'web-*' }, recovery: { order: 'start-first', keepSuspect: '2h' } }],
    };
    const labels = {
      'pristine.order': 'capture-first',
      'pristine.standby': 'warm',
      'pristine.on-failure': 'lock',
      'pristine.dependents': 'leave',
      'pristine.repave': '7d',
    };
    expect(policyFor(said, web, labels, {})).toMatchObject({
      recovery: {
        ...DEFAULT_RECOVERY,
        ...{ order: 'capture-first', standby: 'warm', onFailure: 'lock', dependents: 'leave' },
        ...{ keepSuspect: '2h', attempts: 9 },
      },
      repave: { maxAge: '7d', jitter: 0.5 },
    });
    const kept = policyFor(said, web, { 'pristine.keep-suspect': '0' }, {});
    expect(kept.recovery).toMatchObject({ order: 'start-first', keepSuspect: '0' });
  });

  test.each([
    ['pristine.keep-suspect', 'a day', 'no duration'],
    ['pristine.repave', '1.5h', 'no duration'],
    ['pristine.order', 'start-frist', 'start-first'],
    ['pristine.standby', 'hot', 'none of none, warm'],
  ])('says what is wrong with the label %s', (label, value, words) => {
    expect(() => policyFor({ version: 1 }, web, { [label]: value }, {})).toThrow(words);
  });

  test('adds exceptions up, and lets the later say the rest of what is refused', () => {
    const exception = { path: '/srv/cache/**', writer: '/usr/bin/python3.11' };
    const other = { sha256: '0'.repeat(64) };
    const said: Config = {
      version: 1,
      defaults: { protection: { volumes: 'deny', memfd: 'allow', exceptions: [exception] } },
      containers: [{ match: { name: 'web-*' }, protection: { volumes: 'off', exceptions: [other] } }],
    };
    const protection = { volumes: 'off', scripts: 'deny', memfd: 'allow', exceptions: [exception, other] };
    expect(policyFor(said, web, {}, {}).protection).toEqual(protection);
    const labels = {
      'pristine.volumes': 'exec-deny',
      'pristine.scripts': ' allow ',
      'pristine.memfd': 'deny',
    };
    expect(policyFor(said, web, labels, {}).protection).toEqual({
      ...{ volumes: 'exec-deny', scripts: 'allow', memfd: 'deny' },
      exceptions: [exception, other],
    });
  });

  test('knows the labels that Pristine itself sets', () => {
    const labels = {
      'pristine.incident': 'i',
      'pristine.read-only': 'true',
      'pristine.hardening': '{}',
      'pristine.plan': 'plan-1',
      'pristine.dependent-of': 'x',
      'pristine.was-running': 'true',
      'pristine.copies-of': 'x',
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
      { 'pristine.volume': 'off' },
      'Container web-1: the label pristine.volume is not known. Did you mean “pristine.volumes”?',
    ],
    [
      { 'pristine.volumes': 'exec_deny' },
      'Container web-1: the label pristine.volumes says “exec_deny”, which is none of exec-deny, deny, off. Did you mean “exec-deny”?',
    ],
    [
      { 'pristine.scripts': 'off' },
      'Container web-1: the label pristine.scripts says “off”, which is none of deny, allow.',
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
