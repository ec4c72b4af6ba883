import { describe, expect, test } from 'vitest';
import { type Asked, attempt, ELF, NOW } from '../../../test/support/attempts.ts';
import type { Exception } from '../../contract/index.ts';
import { judge } from './judge.ts';

const isAllowed = (asked: Asked) => judge(attempt(asked)).allowed;
const hash = 'a'.repeat(64);
const python = { exe: '/usr/bin/python3.11', command: 'python3 /srv/app.py --all /x' };

describe('an exception of the policy', () => {
  const made: Asked = { ...python, path: '/srv/cache/a/t.py', writers: ['/usr/bin/python3.11'] };
  const fits = (exception: Exception, asked: Asked = {}) =>
    isAllowed({ ...made, ...asked, policy: { exceptions: [exception] } });

  test.each<[string, Exception, boolean]>([
    ['path', { path: '/srv/cache/**' }, true],
    ['another path', { path: '/srv/cache/*' }, false],
    ['content', { sha256: hash }, true],
    ['other content', { sha256: 'b'.repeat(64) }, false],
    ['path and other content', { path: '/srv/**', sha256: 'b'.repeat(64) }, false],
    ['writer', { path: '/srv/**', writer: '/usr/bin/python3*' }, true],
    ['another writer', { path: '/srv/**', writer: '/usr/bin/perl' }, false],
    ['reader', { path: '/srv/**', reader: '/usr/bin/python3.*' }, true],
    ['another reader', { path: '/srv/**', reader: '/bin/sh' }, false],
    ['command', { path: '/srv/**', command: 'python3 /srv/*' }, true],
    ['another command', { path: '/srv/**', command: 'python3 /opt/*' }, false],
    ['image', { path: '/srv/**', image: 'shop/*:2' }, true],
    ['another image', { path: '/srv/**', image: 'shop/db:*' }, false],
    ['nothing that tells the file', { reader: '/usr/bin/*' } as Exception, false],
  ])('by %s', (_, exception, expected) => expect(fits(exception)).toBe(expected));

  test('that names a writer wants to know all of them', () => {
    const exception = { path: '/srv/**', writer: '/usr/bin/python3*' };
    expect(fits(exception, { writers: null })).toBe(false);
    expect(fits(exception, { writers: [] })).toBe(false);
    expect(fits(exception, { writers: ['/usr/bin/python3.11', '/bin/sh'] })).toBe(false);
  });

  test('does not fit what cannot be known', () => {
    expect(fits({ sha256: hash }, { sha256: null })).toBe(false);
    expect(fits({ path: '/srv/**', reader: '/**' }, { exe: null })).toBe(false);
    expect(fits({ path: '/srv/**', command: '*' }, { command: ['x'.repeat(5000)] })).toBe(false);
  });

  test('allows whatever would be denied, for now', () => {
    for (const asked of [
      { kind: 'execute', content: ELF.program },
      { loader: true, content: ELF.shared },
      { content: ELF.shared },
    ] as const)
      expect(judge(attempt({ ...asked, policy: { exceptions: [{ path: '/tmp/x' }] } }))).toEqual({
        allowed: true,
        lasting: false,
      });
  });

  test.each<[string, boolean]>([
    ['2026-03-04', true],
    ['2026-03-03', false],
    ['2026-03-04T12:00:00Z', true],
    ['2026-03-04T14:00:00+01:00', true],
    ['2026-03-04T11:59:59Z', false],
    ['never', false],
  ])('holds until %s: %s', (until, expected) => {
    expect(fits({ path: '/srv/**', until }, { now: NOW })).toBe(expected);
    const verdict = judge(attempt({ ...made, policy: { exceptions: [{ path: '/srv/**', until }] } }));
    if (!verdict.allowed) expect(verdict.reason).toContain(`the exception for it ran out on ${until}`);
  });

  test('lasts to the end of its day', () => {
    const exception = { path: '/srv/**', until: '2026-03-04' };
    expect(fits(exception, { now: Date.parse('2026-03-04T23:59:59.999Z') })).toBe(true);
    expect(fits(exception, { now: Date.parse('2026-03-05T00:00:00Z') })).toBe(false);
  });
});

describe('built in', () => {
  const pyc: Asked = {
    ...python,
    path: '/srv/__pycache__/m.cpython-311.pyc',
    writers: ['/usr/bin/python3.11'],
  };
  const java = '/usr/lib/jvm/java-17/bin/java';
  const tomcat = '/opt/tomcat/work/Catalina/localhost/ROOT/org/apache/jsp/index_jsp.class';
  const jsp: Asked = { exe: java, command: 'java Bootstrap', path: tomcat, writers: [java] };
  test.each<[string, Asked, boolean]>([
    ['a compiled module', pyc, true],
    ['… at the root', { ...pyc, path: '/__pycache__/m.pyc' }, true],
    ['… in memory', { ...pyc, place: 'memory' }, true],
    ['… that somebody else wrote', { ...pyc, writers: ['/bin/sh'] }, false],
    ['… that somebody else wrote as well', { ...pyc, writers: ['/usr/bin/python3.11', '/bin/sh'] }, false],
    ['… of unknown origin', { ...pyc, writers: null }, false],
    ['… that nobody wrote', { ...pyc, writers: [] }, false],
    ['… of another Python', { ...pyc, writers: ['/usr/bin/python3.9'] }, false],
    ['… for a shell', { ...pyc, exe: '/bin/sh', writers: ['/bin/sh'] }, false],
    ['… elsewhere', { ...pyc, path: '/srv/m.pyc' }, false],
    ['… deeper', { ...pyc, path: '/srv/__pycache__/a/m.pyc' }, false],
    ['a module beside it', { ...pyc, path: '/srv/__pycache__/m.py' }, false],
    ['… executed', { ...pyc, kind: 'execute' }, false],
    ['… loaded', { ...pyc, loader: true }, false],
    ['… that is a library', { ...pyc, content: ELF.shared }, false],
    ['a JSP’s class', jsp, true],
    [
      '… of Debian’s',
      { ...jsp, path: '/var/cache/tomcat10/Catalina/localhost/ROOT/org/apache/jsp/a_jsp.class' },
      true,
    ],
    ['… that a shell wrote', { ...jsp, writers: ['/bin/sh'] }, false],
    ['a class of an application', { ...jsp, path: '/opt/tomcat/webapps/a/WEB-INF/classes/A.class' }, false],
    ['a page', { ...jsp, path: '/opt/tomcat/webapps/ROOT/shell.jsp' }, false],
  ])('%s: %s', (_, asked, expected) => expect(isAllowed(asked)).toBe(expected));
});
