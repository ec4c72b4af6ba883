import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PristineError } from '../kernel/index.ts';
import { parseConfig } from './parse-config.ts';

function messageFor(text: string): string {
  try {
    parseConfig(text, 'pristine.yaml');
  } catch (error) {
    if (error instanceof PristineError && error.code === 'E_CONFIG_INVALID') return error.message;
    throw error;
  }
  return 'no error';
}

describe('parseConfig', () => {
  test('reads every key', () => {
    const text = `version: 1
defaults: { mode: watch, allow: [/srv/cache/**], healAt: critical }
containers:
  - match: { name: web-*, image: 'shop/**' }
    mode: heal
rules:
  disable: [shell-history]
  severity: { unexplained-drift: info }
sensor: { scanEvery: 60, pollEvery: 5 }
`;
    expect(parseConfig(text, 'x')).toMatchObject({
      containers: [{ match: { name: 'web-*', image: 'shop/**' }, mode: 'heal' }],
      rules: { disable: ['shell-history'], severity: { 'unexplained-drift': 'info' } },
    });
  });

  test.each([
    [
      'version: 1\ndefault:\n  mode: heal\n',
      'pristine.yaml:2: default is not a known key. Did you mean “defaults”?',
    ],
    [
      'version: 1\ndefaults:\n  mode: heal\n  healat: low\n',
      'pristine.yaml:4: defaults.healat is not a known key. Did you mean “healAt”?',
    ],
    [
      'version: 1\ncontainers:\n  - match: {nane: x}\n',
      'pristine.yaml:3: containers[0].match.nane is not a known key. Did you mean “name”?',
    ],
    ['version: 1\nzzzzzzzzzzzz: 1\n', 'pristine.yaml:2: zzzzzzzzzzzz is not a known key.'],
    [
      'version: 1\ndefaults:\n  mode: heall\n',
      'pristine.yaml:3: defaults.mode is wrong: Invalid option: expected one of "watch"|"protect"|"heal". Did you mean “heal”?',
    ],
    [
      'version: 1\nrules:\n  disable:\n    - shell-histroy\n',
      'pristine.yaml:4: rules.disable[0]: there is no rule “shell-histroy”. Did you mean “shell-history”?',
    ],
    [
      'version: 1\nrules:\n  severity:\n    cron-jobs: low\n',
      'pristine.yaml:4: rules.severity.cron-jobs: there is no rule “cron-jobs”. Did you mean “cron-job”?',
    ],
    [
      'version: 1\ndefaults:\n  protection:\n    volume: off\n',
      'pristine.yaml:4: defaults.protection.volume is not a known key. Did you mean “volumes”?',
    ],
    [
      'version: 1\ncontainers:\n  - match: {name: x}\n    protection:\n      exceptions:\n        - {path: /a, writter: /b}\n',
      'pristine.yaml:6: containers[0].protection.exceptions[0].writter is not a known key. Did you mean “writer”?',
    ],
    [
      'version: 1\ndefaults:\n  protection:\n    exceptions:\n      - {reader: /usr/bin/python3}\n',
      'pristine.yaml:5: defaults.protection.exceptions[0] is wrong: an exception names a path or a sha256.',
    ],
    [
      'version: 1\ndefaults:\n  protection: {scripts: denny}\n',
      'pristine.yaml:3: defaults.protection.scripts is wrong: Invalid option: expected one of "deny"|"allow". Did you mean “deny”?',
    ],
    ['a: [1\n', /^pristine\.yaml:\d: it is not valid YAML: /],
    ['version: 1\n? [a]\n: 1\n', /^pristine\.yaml:2: it is not valid YAML: /],
    ['version: 1\nversion: 1\n', /^pristine\.yaml:2: it is not valid YAML: Map keys must be unique/],
  ])('says what is wrong with %j', (text, message) => {
    if (typeof message === 'string') expect(messageFor(text)).toBe(message);
    else expect(messageFor(text)).toMatch(message);
  });

  test.each([
    ['', /^pristine\.yaml.*version/],
    ['- 1', /^pristine\.yaml:1: the file is wrong/],
    ['version: 2', /^pristine\.yaml:1: version is wrong/],
    ['version: 1\ndefaults:\n  allow: [tmp/x]', /^pristine\.yaml:3: defaults\.allow\[0\] is wrong/],
    [
      'version: 1\ndefaults: {protection: {exceptions: [{path: /a, until: soon}]}}',
      /^pristine\.yaml:2: defaults\.protection\.exceptions\[0\]\.until is wrong/,
    ],
    ['version: 1\nsensor: {scanEvery: 0}', /^pristine\.yaml:2: sensor\.scanEvery is wrong/],
    ['version: 1\n"\\u001b[31m": 1', /^pristine\.yaml:2: \\x1b\[31m is not a known key/],
  ])('refuses %j', (text, message) => expect(messageFor(text)).toMatch(message));

  test('refuses what would expand without end', () => {
    const bomb = `version: 1\na: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.replace(/./g, (key) => {
      const before = String.fromCharCode(key.charCodeAt(0) - 1);
      return `${key}: &${key} [${Array(9).fill(`*${before}`).join(',')}]\n`;
    })}`;
    expect(messageFor(bomb)).toMatch(/aliases cannot be resolved/);
    expect(messageFor('['.repeat(100_000))).toMatch(/not valid YAML/);
    expect(messageFor('#'.repeat(1_000_001))).toMatch(/longer than/);
  });

  test('answers any text with a configuration or with its one error', () => {
    const piece = fc.constantFrom(
      'version: 1\n',
      'defaults:',
      ' ',
      '\n',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '&a',
      '*a',
      '<<: ',
      '"',
      "'",
      '!!js',
      '__proto__: 1',
      ': ',
      '#',
      '|',
      '? ',
      '\t',
      'mode',
    );
    const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (input) => {
        messageFor(input);
      }),
      { numRuns: 1500 },
    );
  });
});
