import { describe, expect, test } from 'vitest';
import { added, changed, deleted, elf, type FileSketch } from '../../../test/support/subjects.ts';
import { DEFAULT_POLICY } from '../../contract/index.ts';
import type { Subject } from '../subject.ts';
import { explainExpected } from './explain.ts';

const explain = (subject: Subject, allow: string[] = []) => explainExpected(subject, { allow });
const binary = Buffer.from([0, 1, 2, 0xff, 0xfe, 0]);
const binaryWithPhp = Buffer.from('\0\x01<?php system($_GET[1]);\0');
const touchedDir = (path: string) => changed(path, { type: 'dir' }, { type: 'dir' });
const postgres: FileSketch = { uid: 101, gid: 103, mode: 0o600 };
const MAIN = '/var/lib/postgresql/15/main';

/** What Debian's servers do to their root in ordinary use, when no volume is mounted. */
const ORDINARY: Record<string, Subject[]> = {
  engine: [
    added('/.dockerenv', { mode: 0o755 }),
    added('/etc/mtab', { type: 'symlink', target: '/proc/mounts' }),
    added('/etc/resolv.conf'),
    touchedDir('/etc'),
    touchedDir('/'),
  ],
  nginx: [
    touchedDir('/run'),
    added('/run/nginx.pid', { text: '1\n' }),
    added('/var/log/nginx', { type: 'dir' }),
    changed('/var/log/nginx/access.log', { size: 0 }, { text: '192.0.2.1 - - "GET / HTTP/1.1" 200' }),
    added('/var/log/nginx/access.log.1', { text: 'x' }),
    added('/var/log/nginx/access.log.2.gz', { bytes: binary }),
    added('/var/log/nginx/error.log', { text: 'x' }),
    added('/var/lib/nginx/body', { type: 'dir', uid: 33, mode: 0o700 }),
    added('/var/lib/nginx/body/0000000001', { bytes: binary, uid: 33, mode: 0o600 }),
    added('/var/cache/nginx/client_temp', { type: 'dir', uid: 33 }),
    added('/var/lib/logrotate/status', { text: 'logrotate state' }),
    deleted('/run/nginx.pid'),
  ],
  apache: [
    added('/run/apache2/apache2.pid', { text: '1\n' }),
    added('/var/run/apache2/cgisock.12', { type: 'socket', mode: 0o700, uid: 33 }),
    added('/run/lock/apache2', { type: 'dir', uid: 33 }),
    added('/var/log/apache2/access.log', { text: 'GET /?x=<?php eval($_GET[1]) ?> HTTP/1.1' }),
    added('/var/log/apache2/other_vhosts_access.log'),
    added('/var/cache/apache2/mod_cache_disk/a/b/c.data', { bytes: binary, uid: 33 }),
    added('/var/lib/php/sessions/sess_0123456789abcdef', { text: 'user|s:4:"anna";', uid: 33, mode: 0o600 }),
    added('/tmp/.ZendSem.aB3dE', { uid: 33, mode: 0o600 }),
    added('/tmp/phpX1y2Z3', { text: 'name,value\n', uid: 33, mode: 0o600 }),
  ],
  redis: [
    added('/run/redis/redis-server.pid', { text: '1\n' }),
    added('/run/redis/redis-server.sock', { type: 'socket', mode: 0o770 }),
    added('/var/lib/redis/dump.rdb', { bytes: binary, uid: 102, mode: 0o660 }),
    added('/var/lib/redis/dump.rdb', { bytes: binary, uid: 0 }),
    added('/var/lib/redis/temp-123.rdb', { bytes: binary, uid: 102 }),
    added('/var/lib/redis/appendonlydir/appendonly.aof.1.incr.aof', {
      text: '*3\r\n$3\r\nSET\r\n<?php echo 1;',
      uid: 102,
    }),
    added('/var/log/redis/redis-server.log', { text: 'Ready', uid: 102 }),
  ],
  postgresql: [
    added('/run/postgresql/.s.PGSQL.5432', { type: 'socket', mode: 0o777 }),
    added('/run/postgresql/.s.PGSQL.5432.lock', { text: '1\n', ...postgres }),
    added('/var/run/postgresql/15-main.pid', { text: '1\n' }),
    added('/run/postgresql/15-main.pg_stat_tmp', { type: 'dir', mode: 0o2755 }),
    added(`${MAIN}/postmaster.pid`, { text: '1\n', ...postgres }),
    changed(
      `${MAIN}/base/1/1259`,
      { bytes: binary, ...postgres },
      { bytes: Buffer.concat([binary, binary]), ...postgres },
    ),
    added(`${MAIN}/base/5/16384`, {
      bytes: Buffer.concat([binaryWithPhp, Buffer.from('xmrig')]),
      ...postgres,
    }),
    added(`${MAIN}/pg_wal/000000010000000000000002`, { bytes: binary, ...postgres }),
    deleted(`${MAIN}/pg_wal/000000010000000000000001`, { bytes: binary, ...postgres }),
    added(`${MAIN}/pg_stat/pgstat.stat`, { bytes: binary, ...postgres }),
    added(`${MAIN}/server.crt`, { type: 'symlink', target: '/etc/ssl/certs/ssl-cert-snakeoil.pem' }),
    added(`${MAIN}/pg_tblspc/16400`, { type: 'symlink', target: '../../extra' }),
    changed('/var/log/postgresql/postgresql-15-main.log', { size: 10 }, { size: 20 }),
    added('/dev/shm/PostgreSQL.1804289383', { bytes: binary, ...postgres }),
  ],
  mariadb: [
    added('/run/mysqld/mysqld.sock', { type: 'socket', mode: 0o777 }),
    added('/run/mysqld/mysqld.pid', { text: '1\n' }),
    changed(
      '/var/lib/mysql/ibdata1',
      { bytes: binary, uid: 100, mode: 0o660 },
      { bytes: elf('library').subarray(1), uid: 100 },
    ),
    added('/var/lib/mysql/shop/orders.frm', { bytes: binary, uid: 100, mode: 0o660 }),
    added('/var/lib/mysql/shop/db.opt', { text: 'default-character-set=utf8mb4', uid: 100 }),
    added('/var/lib/mysql/db.err', { text: 'ready', uid: 100 }),
    deleted('/var/lib/mysql/ib_logfile101', { uid: 100 }),
    added('/var/log/mysql/error.log', { text: 'x' }),
    added('/tmp/ibXXab12', { bytes: binary, uid: 100 }),
  ],
  logrotate: [
    { ...changed('/var/log/dpkg.log', { size: 900 }, { size: 0 }), rotatedTo: '/var/log/dpkg.log.1' },
    added('/var/log/dpkg.log.1', { size: 900 }),
    added('/var/log/apt/history.log.1.gz', { size: 90 }),
    added('/var/log/apt/term.log-20261124', { size: 90 }),
  ],
  others: [
    added('/var/lib/grafana/grafana.db', { bytes: binary, uid: 472 }),
    added('/var/lib/someapp/state.json', { text: '{}', uid: 1000 }),
    added('/var/cache/fontconfig/abc.cache-7', { bytes: binary }),
    added('/opt/app/logs/app.log', { text: 'started' }),
    { ...added('/data'), change: { ...added('/data', { type: 'dir' }).change, mountpoint: true } },
    {
      ...added('/usr/bin/id'),
      change: { ...changed('/usr/bin/id', { mode: 0o755 }, { mode: 0o755 }).change, identical: true },
    },
  ],
};

/** In the same places, what is never mere data. */
const NEVER: [string, Subject][] = [
  ['an executable', added('/tmp/x', { mode: 0o755, text: 'data' })],
  ['an executable of its owner alone', added('/tmp/x', { mode: 0o700, text: 'data' })],
  ['an ELF object', added('/var/lib/redis/module', { bytes: elf('library'), uid: 102 })],
  ['a program as a session', added('/var/lib/php/sessions/sess_a', { bytes: elf('executable') })],
  ['a script by its first line', added('/var/cache/nginx/x', { text: '#!/bin/sh\nid' })],
  ['a script by its extension', added('/var/tmp/x.py', { text: 'print(1)' })],
  ['a library by its extension alone', added('/var/lib/mysql/udf.so', { bytes: binary, uid: 100 })],
  ['PHP text in a session', added('/var/lib/php/sessions/sess_a', { text: 'a|s:9:"<?php x();"' })],
  ['PHP text in a temporary file', added('/tmp/phpAbC', { text: 'GIF89a<?php x();' })],
  ['PHP in a temporary binary', added('/tmp/cat.jpg', { bytes: binaryWithPhp })],
  ['a log that begins as PHP', added('/var/log/x', { text: '<?php x();' })],
  ['a setuid file', added('/run/x', { mode: 0o4644 })],
  ['a file with capabilities', added('/run/x', { capabilities: 'cap_sys_admin=ep' })],
  ['a device node', added('/run/x', { type: 'block', device: { major: 8, minor: 0 } })],
  ['a link that leads out', added('/tmp/x', { type: 'symlink', target: '/etc/shadow' })],
  ['a link that climbs out', added('/run/a/x', { type: 'symlink', target: '../../etc/passwd' })],
  ['a log led to nothing', added('/var/log/x.log', { type: 'symlink', target: '/dev/null' })],
  ['a log that lost lines', changed('/var/log/auth.log', { size: 100 }, { size: 1 })],
  ['a log that is gone', deleted('/var/log/auth.log', { size: 100 })],
  ['a hidden file', added('/tmp/.x', { text: 'data' })],
  ['a file in a hidden folder', added('/dev/shm/.a/b', { text: 'data' })],
  ['a deceptive name', added('/tmp/a\u202eb', { text: 'data' })],
  ['an SSH key in a data folder', added('/var/lib/postgresql/.ssh/authorized_keys', { text: 'k', uid: 101 })],
  ['a history in a data folder', added('/var/lib/postgresql/.bash_history', { text: 'id', uid: 101 })],
  [
    'a cron table of a service',
    added('/var/spool/cron/crontabs/www-data', { text: '* * * * * id', uid: 33 }),
  ],
  ['records of packages', changed('/var/lib/dpkg/status', { text: 'a' }, { text: 'bb' })],
  ['a log of packages', added('/var/log/apt/history.log', { text: 'x' })],
  ['a page', added('/var/www/html/x.html', { text: 'x', uid: 33 })],
  ['root’s data in a service folder', added('/var/lib/someapp/x', { text: 'x' })],
  ['an image file that changed hands', changed('/var/lib/someapp/x', { text: 'x' }, { text: 'y', uid: 33 })],
  ['bytecode', added('/usr/lib/python3/__pycache__/x.pyc', { bytes: binary })],
  ['a folder opened to all', changed('/etc', { type: 'dir', mode: 0o755 }, { type: 'dir', mode: 0o777 })],
  ['root’s files', added('/root/.cache/x', { text: 'x' })],
  ['configuration', changed('/etc/nginx/nginx.conf', { text: 'a' }, { text: 'bb' })],
];

describe('explainExpected', () => {
  for (const [server, subjects] of Object.entries(ORDINARY)) {
    test.each(
      subjects.map((subject): [string, Subject] => [
        `${subject.change.kind} ${subject.change.path}`,
        subject,
      ]),
    )(`${server}: explains %s`, (_, subject) => expect(explain(subject)).toMatch(/\.$/));
  }

  test.each(NEVER)('never explains %s', (_, subject) => expect(explain(subject)).toBeNull());

  test('the default policy allows nothing by itself', () => expect(DEFAULT_POLICY.allow).toEqual([]));
});

describe('the policy’s globs', () => {
  const upload = added('/var/www/html/uploads/a.png', { bytes: binary });

  test('excuse data', () => {
    expect(explain(upload)).toBeNull();
    expect(explain(upload, ['/var/www/html/uploads/**'])).toBe('The policy allows /var/www/html/uploads/**.');
    expect(explain(upload, ['/var/www/html/*.png'])).toBeNull();
  });

  test.each([
    ['code', added('/var/www/html/uploads/a.php', { text: '<?php 1;' })],
    ['code in an image', added('/var/www/html/uploads/a.png', { text: 'GIF89a <?php 1;' })],
    ['an executable', added('/var/www/html/uploads/a', { mode: 0o755 })],
    ['a setuid file', added('/var/www/html/uploads/a', { mode: 0o4644 })],
    ['a link', added('/var/www/html/uploads/a', { type: 'symlink', target: '/' })],
    ['a device', added('/var/www/html/uploads/a', { type: 'char', device: { major: 1, minor: 1 } })],
  ])('do not excuse %s, unless they spell out its path', (_, subject) => {
    expect(explain(subject, ['/var/www/html/uploads/**'])).toBeNull();
    expect(explain(subject, ['/**', subject.change.path])).toBe(
      `The policy allows exactly ${subject.change.path}.`,
    );
  });

  test('are not taken for exact paths because a hostile file is named like one', () => {
    const hostile = added('/var/www/html/uploads/**', { mode: 0o755, text: '#!/bin/sh' });
    expect(explain(hostile, ['/var/www/html/uploads/**'])).toBeNull();
  });
});
