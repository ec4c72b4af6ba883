import { describe, expect, test } from 'vitest';
import { type Denial, findingSchema } from '../contract/index.ts';
import { DENIAL_RULES, findingOfDenial, findingOfLapse, findingOfRunningDrift } from './denials.ts';
import { parseConfig } from './parse-config.ts';

const at = new Date('2026-03-04T05:06:07.000Z');
const denial: Denial = {
  ...{ enforced: true, path: '/tmp/x', access: 'execute', sha256: null, size: 7 },
  ...{ reason: '/tmp/x is a program that is not from the image.', writer: null, times: 1 },
  reader: { pid: 12, exe: '/bin/bash', commandLine: ['bash'], sockets: ['tcp 1:2 3:4'] },
  allow: { path: '/tmp/x' },
};
const opened = (exe: string, commandLine: string, path = '/srv/a.php'): Denial => ({
  ...{ ...denial, path, access: 'interpret' },
  reader: { pid: 1, exe, commandLine: commandLine.split(' ') },
});

describe('a refusal becomes a finding', () => {
  test.each<[string, Denial, string]>([
    ['a program', denial, 'execution-denied'],
    ['a library', { ...denial, access: 'load' }, 'library-denied'],
    ['a program that is read', { ...denial, access: 'read' }, 'program-read-denied'],
    ['a program in memory', { ...denial, path: '/memfd:x (deleted)' }, 'memfd-execution'],
    ['a page, by Apache', opened('/usr/sbin/apache2', 'apache2 -k start'), 'server-code-denied'],
    ['a page, by PHP', opened('/usr/sbin/php-fpm8.2', 'php-fpm: pool www'), 'server-code-denied'],
    ['a page, by Tomcat', opened('/opt/jdk/bin/java', 'java org.apache.catalina'), 'server-code-denied'],
    ['a script of PHP', opened('/usr/bin/php', 'php /srv/a.php'), 'script-denied'],
    ['a module of Python', opened('/usr/bin/python3', 'python3 /app.py', '/a/m.py'), 'script-denied'],
    ['a script of the shell', opened('/bin/bash', 'bash ./run', '/tmp/run'), 'script-denied'],
    ['what a shell reads', opened('/bin/dash', 'sh /entrypoint', '/tmp/list'), 'shell-input-denied'],
    ['what BusyBox reads', opened('/bin/busybox', 'sh', '/tmp/list'), 'shell-input-denied'],
    ['what a shell server reads', opened('/usr/sbin/sshd', 'sshd', '/tmp/list'), 'script-denied'],
  ])('%s', (_, given, rule) => {
    const finding = findingSchema.strict().parse(findingOfDenial(given, at));
    expect(finding).toMatchObject({ rule, path: given.path, at: at.toISOString() });
  });

  test('which says what was refused, and to whom', () => {
    expect(findingOfDenial({ ...denial, sha256: 'a'.repeat(64) }, at)).toMatchObject({
      ...{ severity: 'critical', kind: 'A', sha256: 'a'.repeat(64), process: { pid: 12, exe: '/bin/bash' } },
      reason: 'Refused: /tmp/x is a program that is not from the image.',
    });
    expect(findingOfDenial(denial, at).process).not.toHaveProperty('sockets');
    expect(findingOfDenial({ ...denial, reader: null }, at)).not.toHaveProperty('process');
  });

  test('or in mode watch would have been', () => {
    expect(findingOfDenial({ ...denial, enforced: false }, at).reason).toBe(
      'Would have been refused: /tmp/x is a program that is not from the image.',
    );
  });

  test('with one id for the same file and reader, and another for others', () => {
    const id = (given: Partial<Denial>) => findingOfDenial({ ...denial, ...given }, at).id;
    expect(id({ times: 5, reason: 'x', reader: { pid: 99, exe: '/bin/bash' } })).toBe(id({}));
    const others = [{}, { path: '/tmp/y' }, { access: 'load' as const }, { size: 8 }, { reader: null }].map(
      id,
    );
    expect(new Set(others).size).toBe(others.length);
  });

  test('with the severity that the policy says', () => {
    expect(findingOfDenial(denial, at, { 'execution-denied': 'low' }).severity).toBe('low');
  });
});

test('a process that ran before is a finding', () => {
  const found = findingOfRunningDrift('/tmp/x (deleted)', { pid: 5, exe: '/tmp/x' }, at);
  expect(findingSchema.parse(found)).toMatchObject({ rule: 'ran-before-guard', process: { pid: 5 } });
  expect(findingOfRunningDrift('/memfd:a (deleted)', { pid: 5 }, at).rule).toBe('memfd-execution');
});

test('a time without protection is a finding', () => {
  expect(findingSchema.parse(findingOfLapse('it hung.', 1000, 2500))).toMatchObject({
    ...{ rule: 'guard-stalled', path: '/', at: '1970-01-01T00:00:02.500Z' },
    reason: 'Nothing was refused for 1.5 s: it hung.',
  });
});

test('every rule has an id of its own and an explanation', () => {
  const page = DENIAL_RULES.map(({ id }) => id);
  expect(new Set(page).size).toBe(page.length);
  for (const { id, attack, explanation } of DENIAL_RULES) {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(attack.every((technique) => /^T\d{4}(\.\d{3})?$/.test(technique))).toBe(true);
    expect(explanation).toMatch(/\.$/);
  }
});

test('a configuration sets severities of refusals, and cannot silence them', () => {
  const read = (rules: string) => parseConfig(`version: 1\nrules: ${rules}\n`, 'pristine.yaml').rules;
  expect(read('{severity: {script-denied: low}}')).toEqual({ severity: { 'script-denied': 'low' } });
  expect(() => read('{disable: [script-denied]}')).toThrow(
    'pristine.yaml:2: rules.disable[0]: script-denied tells of refusals and cannot be disabled; an exception allows the file instead.',
  );
});
