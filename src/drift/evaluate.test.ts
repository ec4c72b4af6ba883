import { describe, expect, test } from 'vitest';
import { added, changed, deleted, elf } from '../../test/support/subjects.ts';
import { DEFAULT_POLICY, findingSchema, type Policy } from '../contract/index.ts';
import { evaluate } from './evaluate.ts';
import type { Subject } from './subject.ts';

const now = new Date('2026-11-24T20:00:00.000Z');
const judge = (subjects: Subject[], policy: Partial<Policy> = {}, containerId = 'c1') =>
  evaluate(subjects, { ...DEFAULT_POLICY, ...policy }, { now, containerId });
const rules = (subjects: Subject[], policy: Partial<Policy> = {}) =>
  judge(subjects, policy).findings.map(({ rule }) => rule);

const shell = added('/var/www/html/shell.php', { text: `<?php eval($_GET['x']);`, uid: 33 });
const pid = added('/run/apache2/apache2.pid', { text: '1\n' });
const note = added('/opt/note', { text: 'words' });

describe('evaluate', () => {
  test('makes each change expected, or gives it findings', () => {
    const { findings, expected } = judge([shell, pid, note]);
    expect(expected).toEqual([{ change: pid.change, because: 'Process id files belong here.' }]);
    expect(findings.map(({ rule, severity, path }) => [rule, severity, path])).toEqual([
      ['php-web-shell', 'critical', '/var/www/html/shell.php'],
      ['server-code-added', 'high', '/var/www/html/shell.php'],
      ['unexplained-drift', 'low', '/opt/note'],
    ]);
  });

  test('gives findings that meet the contract, with the process and the time of the change', () => {
    const process = { pid: 7, uid: 33 };
    const seen = { ...shell, change: { ...shell.change, process, seenAt: '2026-11-24T19:00:00.000Z' } };
    const finding = judge([seen]).findings[0];
    expect(findingSchema.parse(finding)).toEqual(finding);
    expect(finding).toMatchObject({
      process,
      at: '2026-11-24T19:00:00.000Z',
      kind: 'A',
      attack: ['T1505.003', 'T1059'],
      sha256: shell.change.after?.sha256,
    });
    expect(judge([shell]).findings[0]?.at).toBe(now.toISOString());
  });

  test('gives one id to one rule, path and content in one container, at any time', () => {
    const id = (subject: Subject, container = 'c1') => judge([subject], {}, container).findings[0]?.id;
    expect(id(shell)).toMatch(/^[0-9a-f]{16}$/);
    expect(evaluate([shell], DEFAULT_POLICY, { now: new Date(0), containerId: 'c1' }).findings[0]?.id).toBe(
      id(shell),
    );
    const others = [
      id(shell, 'c2'),
      id(added('/var/www/html/other.php', { text: `<?php eval($_GET['x']);`, uid: 33 })),
      id(added('/var/www/html/shell.php', { text: `<?php eval($_GET['y']);`, uid: 33 })),
      judge([shell]).findings[1]?.id,
    ];
    expect(new Set([id(shell), ...others]).size).toBe(5);
  });

  test('tells names apart that differ only in bytes that are not UTF-8', () => {
    const ids = judge([
      added('/opt/\udc80', { text: 'x' }),
      added('/opt/\udc81', { text: 'x' }),
    ]).findings.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('obeys overrides of severity, in the order as well', () => {
    const { findings } = judge([shell, note], {
      severityOverrides: { 'unexplained-drift': 'critical', 'php-web-shell': 'info' },
    });
    expect(findings.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual([
      'unexplained-drift critical',
      'server-code-added high',
      'php-web-shell info',
    ]);
  });

  test('leaves out disabled rules, and still ignores nothing in silence', () => {
    expect(rules([shell], { disabledRules: ['php-web-shell'] })).toEqual(['server-code-added']);
    expect(rules([shell], { disabledRules: ['php-web-shell', 'server-code-added'] })).toEqual([
      'unexplained-drift',
    ]);
    expect(rules([note], { disabledRules: ['unexplained-drift'] })).toEqual([]);
  });

  test('calls binary data that nothing explains medium', () => {
    expect(judge([added('/opt/blob', { bytes: Buffer.from([0, 1, 2]) })]).findings).toMatchObject([
      { rule: 'unexplained-binary', severity: 'medium' },
    ]);
  });

  test('takes allowances from the policy', () => {
    expect(judge([note], { allow: ['/opt/*'] })).toEqual({
      findings: [],
      expected: [{ change: note.change, because: 'The policy allows /opt/*.' }],
    });
  });

  test('sees a rotated log by the copy beside it, and a truncated one without', () => {
    const shrunk = changed('/var/log/postgresql/x.log', { size: 2000 }, { size: 0 });
    expect(rules([shrunk])).toEqual(['log-lost-lines']);
    expect(rules([shrunk, added('/var/log/postgresql/x.log.1', { size: 10 })])).toEqual(['log-lost-lines']);
    expect(rules([shrunk, added('/var/log/postgresql/x.log.1', { size: 2000 })])).toEqual([]);
    expect(
      rules([
        deleted('/var/log/postgresql/x.log', { size: 2000 }),
        added('/var/log/postgresql/x.log.1.gz', { size: 90 }),
      ]),
    ).toEqual([]);
  });

  test('needs no content to judge', () => {
    const { content: _, ...unread } = added('/tmp/x', { mode: 0o755, bytes: elf('executable') });
    expect(rules([unread])).toEqual(['new-executable']);
  });

  test('tells the story of an attack', () => {
    expect(
      judge([
        changed('/var/www/html/index.html', { text: 'Welcome' }, { text: 'Owned', uid: 33 }),
        shell,
        added('/tmp/.x/miner', {
          mode: 0o755,
          bytes: Buffer.concat([elf('executable'), Buffer.from('stratum+tcp://')]),
          uid: 33,
        }),
        added('/etc/cron.d/x', { text: '* * * * * root /tmp/.x/miner\n' }),
        changed('/usr/bin/find', { text: 'a', mode: 0o755 }, { text: 'a', mode: 0o4755 }),
        deleted('/var/log/apache2/access.log', { size: 900 }),
        pid,
      ]).findings.map(({ severity, rule, path }) => `${severity} ${rule} ${path}`),
    ).toEqual([
      'critical cryptominer /tmp/.x/miner',
      'critical setuid-added /usr/bin/find',
      'critical php-web-shell /var/www/html/shell.php',
      'high cron-job /etc/cron.d/x',
      'high new-executable /tmp/.x/miner',
      'high web-content-changed /var/www/html/index.html',
      'high server-code-added /var/www/html/shell.php',
      'medium hidden-name /tmp/.x/miner',
      'medium log-lost-lines /var/log/apache2/access.log',
    ]);
  });
});
