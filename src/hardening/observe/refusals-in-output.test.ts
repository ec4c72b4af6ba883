import { expect, test } from 'vitest';
import { findRefusals } from './refusals-in-output.ts';

const AT = '2026-01-02T03:04:05.000Z';

test.each([
  ['touch: /y: Read-only file system', '/y'],
  ["mkdir: cannot create directory '/var/lib/x y': Read-only file system", '/var/lib/x y'],
  ['mkdir: cannot create directory ‘/x’: Read-only file system', '/x'],
  ['sh: 1: cannot create /run/a.pid: Read-only file system', '/run/a.pid'],
  [
    'nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)',
    '/var/cache/nginx/client_temp',
  ],
  ['2026/01/01 [emerg] 1#1: open() "/run/nginx.pid" failed (30: Read-only file system)', '/run/nginx.pid'],
  ["OSError: [Errno 30] Read-only file system: '/srv/app/x'", '/srv/app/x'],
  [
    'java.nio.file.FileSystemException: /opt/tomcat/logs/a.log: Read-only file system',
    '/opt/tomcat/logs/a.log',
  ],
  ["Error: EROFS: read-only file system, open '/app/cache/1'", '/app/cache/1'],
  [
    "mariadbd: Can't create/write to file '/run/mysqld/mysqld.pid' (Errcode: 30 \"Read-only file system\")",
    '/run/mysqld/mysqld.pid',
  ],
  [
    'FATAL:  could not create lock file "/run/postgresql/.s.PGSQL.5432.lock": Read-only file system',
    '/run/postgresql/.s.PGSQL.5432.lock',
  ],
  [
    'AH00023: could not create /run/apache2/apache2.pid (30)Read-only file system: AH00099',
    '/run/apache2/apache2.pid',
  ],
  ['open failed: Read-only file system', null],
])('%s', (line, path) => {
  expect(findRefusals(`before\n${line}\nafter /z`, AT)).toMatchObject([{ path, at: AT, seenBy: 'output' }]);
});

test('takes the time of a line that has one, names the call that the line names, and says a path once', () => {
  const line = '2026-05-06T07:08:09.123456789Z open() "/x" failed (30: Read-only file system)';
  expect(findRefusals(`${line}\n${line}\n`, AT)).toEqual([
    {
      ...{ path: '/x', call: 'open', command: null, pid: null, at: '2026-05-06T07:08:09.123Z' },
      seenBy: 'output',
    },
  ]);
});

test('finds nothing in what is no refusal', () => {
  expect(findRefusals('open() "/x" failed (13: Permission denied)\nexit code 30\n', AT)).toEqual([]);
});

test('takes no longer than the text is long, whatever is in it', () => {
  for (const piece of [
    '"/'.repeat(500),
    ' /a'.repeat(500),
    '(30: '.repeat(200),
    "'".repeat(900),
    '(/'.repeat(900),
  ]) {
    const hostile = `${`${piece} Read-only file system ${piece}\n`.repeat(500)}`;
    const begun = performance.now();
    findRefusals(hostile, AT);
    expect(performance.now() - begun).toBeLessThan(2000);
  }
  expect(findRefusals('x'.repeat(10 << 20), AT)).toEqual([]);
});
