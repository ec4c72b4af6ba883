import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Asked, attempt, ELF, elf } from '../../../test/support/attempts.ts';
import { exceptionSchema } from '../../contract/index.ts';
import { judge } from './judge.ts';

/** The access when it is denied; `data` when allowed for now, `lasting` when for good. */
function answer(asked: Asked): string {
  const verdict = judge(attempt(asked));
  if (!verdict.allowed) return verdict.access;
  return verdict.lasting ? 'lasting' : 'data';
}

const O_WRONLY = 1;
const O_RDWR = 2;
const O_TRUNC = 0o1000;

describe('a program', () => {
  test.each<[string, Asked, string]>([
    ['dropped', { kind: 'execute', content: ELF.program }, 'execute'],
    ['that is a script', { kind: 'execute', content: '#!/bin/sh\nid\n' }, 'execute'],
    ['without any form', { kind: 'execute', content: 'id\n' }, 'execute'],
    ['that is empty', { kind: 'execute', content: '' }, 'execute'],
    ['that holds numbers', { kind: 'execute', content: '1' }, 'execute'],
    ['of the image, changed', { kind: 'execute', content: ELF.shared, fromImage: true }, 'execute'],
    ['in memory', { kind: 'execute', place: 'memory', path: '/dev/shm/x' }, 'execute'],
    ['in an engine’s file', { kind: 'execute', place: 'engine-file', path: '/etc/hosts' }, 'execute'],
    ['on a volume', { kind: 'execute', place: 'volume' }, 'execute'],
    ['on a bind', { kind: 'execute', place: 'bind' }, 'execute'],
    [
      'on a volume without protection',
      { kind: 'execute', place: 'volume', policy: { volumes: 'off' } },
      'lasting',
    ],
    ['in the layer, whatever of volumes', { kind: 'execute', policy: { volumes: 'off' } }, 'execute'],
    ['where scripts may be read', { kind: 'execute', policy: { scripts: 'allow' } }, 'execute'],
  ])('%s', (_, asked, expected) => expect(answer(asked)).toBe(expected));
});

describe('a library or a program’s bytes', () => {
  test.each<[string, Asked, string]>([
    ['loaded', { loader: true, content: ELF.shared }, 'load'],
    ['loaded whatever it holds', { loader: true, content: 'text' }, 'load'],
    ['loaded although empty', { loader: true, content: '' }, 'load'],
    ['loaded from a volume', { loader: true, place: 'volume', content: ELF.shared }, 'load'],
    ['/etc/ld.so.preload', { loader: true, path: '/etc/ld.so.preload', content: '/tmp/x.so\n' }, 'load'],
    ['read by any program', { content: ELF.shared }, 'read'],
    ['static, read', { content: ELF.program }, 'read'],
    ['for a machine with the other byte order', { content: elf(2, true) }, 'read'],
    ['of a type that systems define', { content: elf(0xfe) }, 'read'],
    ['cut short', { content: '\x7fELF' }, 'read'],
    ['opened for reading and writing', { content: ELF.program, flags: O_RDWR }, 'read'],
    ['opened to be replaced', { content: ELF.program, flags: O_RDWR | O_TRUNC }, 'data'],
    ['opened by an unseen call', { content: ELF.program, flags: null }, 'read'],
    ['opened for writing', { content: ELF.program, flags: O_WRONLY }, 'data'],
    ['opened for reading and truncating', { content: ELF.program, flags: O_TRUNC }, 'read'],
    ['an object for the linker', { content: ELF.relocatable }, 'data'],
    ['an object of the other byte order', { content: elf(1, true) }, 'data'],
    ['a core dump', { content: ELF.core }, 'data'],
    ['on a volume, read', { place: 'volume', content: ELF.shared }, 'read'],
    [
      'on a bind without protection',
      { place: 'bind', content: ELF.shared, policy: { volumes: 'off' } },
      'lasting',
    ],
  ])('%s', (_, asked, expected) => expect(answer(asked)).toBe(expected));
});

describe('what a shell reads', () => {
  const sh = { exe: '/usr/bin/dash', command: 'sh /tmp/x' };
  test.each<[string, Asked, string]>([
    ['a script', { ...sh, content: '#!/bin/sh\nid\n' }, 'interpret'],
    ['text', { ...sh, content: 'id' }, 'interpret'],
    ['a redirection that may be one', { ...sh, command: 'sh', content: 'id' }, 'interpret'],
    ['a picture', { ...sh, content: '\x89PNG\r\n\x1a\n\0\nid\n' }, 'interpret'],
    [
      'a file that its environment names',
      { ...sh, command: 'bash /usr/bin/ldd', exe: '/usr/bin/bash' },
      'interpret',
    ],
    ['nothing', { ...sh, content: '' }, 'data'],
    ['a process id', { ...sh, content: '4711\n' }, 'lasting'],
    ['a version', { ...sh, content: '10.11.6-MariaDB' }, 'lasting'],
    ['numbers and a command', { ...sh, content: '1\nid\n' }, 'interpret'],
    ['a command that begins with a digit', { ...sh, content: '7z' }, 'interpret'],
    ['more than 64 bytes of numbers', { ...sh, content: '1\n'.repeat(33) }, 'interpret'],
    ['numbers that were more a moment ago', { ...sh, content: '1', size: 10 }, 'interpret'],
    ['numbers at the head of something long', { ...sh, content: '1', size: 5000 }, 'interpret'],
    ['a here-document of its own', { exe: '/bin/bash', path: '/tmp/sh-thd.Ab12', isWriting: true }, 'data'],
    ['a file of that name', { exe: '/bin/bash', path: '/tmp/sh-thd.Ab12', isWriting: false }, 'interpret'],
    ['another file that it writes to', { exe: '/bin/bash', path: '/tmp/x', isWriting: true }, 'interpret'],
    ['a script on a volume', { ...sh, place: 'volume' }, 'lasting'],
    [
      'a script on a volume that is like the layer',
      { ...sh, place: 'volume', policy: { volumes: 'deny' } },
      'interpret',
    ],
    ['a script in memory', { ...sh, place: 'memory' }, 'interpret'],
    ['a script where they are allowed', { ...sh, policy: { scripts: 'allow' } }, 'lasting'],
    [
      'hosts as the engine writes them',
      {
        ...sh,
        place: 'engine-file',
        path: '/etc/hosts',
        content:
          '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\nfe00::0\tip6-localnet\n172.17.0.2\tdb 0a1b\n',
      },
      'data',
    ],
    [
      'resolv.conf as the engine writes it',
      {
        ...sh,
        place: 'engine-file',
        path: '/etc/resolv.conf',
        content:
          '# Generated by Docker Engine.\nnameserver 127.0.0.11\nsearch a.example\noptions edns0 trust-ad ndots:0\n',
      },
      'data',
    ],
    [
      'a container’s id as its host name',
      { ...sh, place: 'engine-file', path: '/etc/hostname', content: '0123456789ab\n' },
      'data',
    ],
    [
      'a command as host name',
      { ...sh, place: 'engine-file', path: '/etc/hostname', content: 'reboot\n' },
      'interpret',
    ],
    [
      'a command in hosts',
      { ...sh, place: 'engine-file', path: '/etc/hosts', content: '127.0.0.1 a\nid\n' },
      'interpret',
    ],
    [
      'a command behind an address',
      { ...sh, place: 'engine-file', path: '/etc/hosts', content: '127.0.0.1 a;id\n' },
      'interpret',
    ],
    [
      'a substitution in hosts',
      { ...sh, place: 'engine-file', path: '/etc/hosts', content: '127.0.0.1 $(id)\n' },
      'interpret',
    ],
    ['a dot in hosts', { ...sh, place: 'engine-file', path: '/etc/hosts', content: '. /x\n' }, 'interpret'],
    ['hosts elsewhere', { ...sh, path: '/tmp/hosts', content: '127.0.0.1 localhost\n' }, 'interpret'],
  ])('%s', (_, asked, expected) => expect(answer(asked)).toBe(expected));

  test.each([
    '/bin/sh',
    '/bin/bash',
    '/usr/bin/bash5',
    '/bin/bash-static',
    '/bin/ksh93',
    '/usr/bin/zsh-5.9',
    '/usr/bin/bash (deleted)',
    '/usr/bin/fish',
    '/opt/bin/mksh',
  ])('%s is a shell', (exe) => expect(answer({ exe, command: 'x' })).toBe('interpret'));
  test.each([
    ['/bin/busybox', 'sh /tmp/x', 'interpret'],
    ['/bin/busybox', '-sh', 'interpret'],
    ['/bin/busybox.static', 'busybox ash /tmp/x', 'interpret'],
    ['/bin/busybox', '/bin/busybox cat /tmp/x', 'data'],
    ['/bin/busybox', 'cat /tmp/x', 'data'],
    ['/bin/busybox', 'awk -f /tmp/x', 'interpret'],
    ['/lib64/ld-linux-x86-64.so.2', '/lib64/ld-linux-x86-64.so.2 /bin/sh /tmp/x', 'interpret'],
    ['/lib/ld-musl-x86_64.so.1', 'ld /bin/sh /tmp/x', 'interpret'],
    ['/usr/lib/x86_64-linux-gnu/ld-2.31.so', 'ld /bin/sh /tmp/x', 'interpret'],
    [null, '', 'interpret'],
    ['/usr/bin/ld', 'ld a.o', 'data'],
    ['/usr/bin/sha256sum', 'sha256sum /tmp/x', 'data'],
    ['/usr/sbin/sshd', 'sshd', 'data'],
    ['/usr/lib/postgresql/15/bin/postgres', 'postgres', 'data'],
    ['/usr/sbin/mariadbd', 'mariadbd', 'data'],
  ])('%s as %j', (exe, command, expected) => expect(answer({ exe, command })).toBe(expected));
});

describe('what PHP and web servers read', () => {
  const jpeg = `\xff\xd8\xff\xe0\0\x10JFIF\0${'\x01\x82\xf3\x99'.repeat(50)}`;
  const apache = { exe: '/usr/sbin/apache2', command: 'apache2 -k start', path: '/var/www/html/up/a.jpg' };
  test.each<[string, Asked, string]>([
    ['a picture', { ...apache, content: jpeg }, 'data'],
    ['a picture that holds <? by chance', { ...apache, content: `${jpeg}<?\x01${jpeg}<?a\x02` }, 'data'],
    ['a picture with PHP in it', { ...apache, content: `${jpeg}<?php system($_GET[0]);` }, 'interpret'],
    ['… with a tag that writes', { ...apache, content: `${jpeg}<?=\`$_GET[0]\`?>${jpeg}` }, 'interpret'],
    ['… with a short tag', { ...apache, content: `${jpeg}<? eval($_GET[0]); ?>${jpeg}` }, 'interpret'],
    [
      '… with binary comments',
      { ...apache, content: `${jpeg}<?=/*\x01*/'\x02'."\x03\\"\x04".\`id\`#\x05\n?>\0` },
      'interpret',
    ],
    ['… with a comment to the end', { ...apache, content: `${jpeg}<?=\`id\`/*${jpeg}` }, 'interpret'],
    ['… with the old script tag', { ...apache, content: '<script language="php">x</script>' }, 'interpret'],
    ['… at the very end', { ...apache, content: `${jpeg}<?=\`ls\`` }, 'interpret'],
    ['a tag at the end of what is known', { ...apache, content: `${jpeg}<?ab`, size: 1e6 }, 'data'],
    ['a drawing', { ...apache, path: '/a.svg', content: '<?xml version="1.0"?><svg/>' }, 'data'],
    [
      'a drawing with PHP in it',
      { ...apache, path: '/a.svg', content: '<?xml version="1.0"?><?PHP system(1);' },
      'interpret',
    ],
    ['a page', { ...apache, path: '/a.html', content: '<html>' }, 'data'],
    ['a .php file whatever it holds', { ...apache, path: '/a.PHP', content: 'words' }, 'interpret'],
    ['.htaccess', { ...apache, path: '/var/www/html/up/.htaccess', content: 'AddType x' }, 'interpret'],
    ['a script of Python for mod_wsgi', { ...apache, path: '/srv/a.wsgi' }, 'interpret'],
    ['PHP code, by a program that does not run it', { ...apache, exe: '/bin/cat', content: '<?php' }, 'data'],
    ['an include', { ...apache, exe: '/usr/sbin/php-fpm8.2', content: 'x <?php 1;' }, 'interpret'],
    ['a script', { exe: '/usr/local/bin/php', command: 'php -d a=b /tmp/x' }, 'interpret'],
    ['data of a script', { exe: '/usr/local/bin/php', command: 'php /app/a.php /tmp/x' }, 'data'],
    ['.user.ini', { exe: '/usr/sbin/php-fpm8.2', path: '/srv/.user.ini' }, 'interpret'],
    ['a page, by nginx', { exe: '/usr/sbin/nginx', path: '/srv/a.js' }, 'data'],
    ['Lua, by nginx', { exe: '/usr/sbin/nginx', path: '/srv/a.lua' }, 'interpret'],
  ])('%s', (_, asked, expected) => expect(answer(asked)).toBe(expected));
});

describe('what a language reads', () => {
  const cases: [exe: string, command: string, expected: string][] = [
    ['/usr/bin/python3.11', 'python3 /tmp/x', 'interpret'],
    ['/usr/bin/python3.11', 'python3 -u -W ignore ../tmp/./x a', 'interpret'],
    ['/usr/bin/python3.11', 'python3 x', 'interpret'],
    ['/usr/bin/python3.11', 'python3 -- /tmp/x', 'interpret'],
    ['/usr/libexec/platform-python3.6', 'platform-python /tmp/x', 'interpret'],
    ['/usr/bin/pypy3.9-c', 'pypy3 -Bs /tmp/x', 'interpret'],
    ['/usr/bin/python3.11', 'python3 /app/tool.py /tmp/x', 'data'],
    ['/usr/bin/python3.11', 'python3 -m http.server /tmp/x', 'data'],
    ['/usr/bin/python3.11', 'python3 -uc pass /tmp/x', 'data'],
    ['/usr/bin/python3.11', 'python3 /tmp/xx', 'data'],
    ['/usr/bin/perl', 'perl -w -I /lib /tmp/x', 'interpret'],
    ['/usr/bin/perl', 'perl -pi.e /tmp/x', 'interpret'],
    ['/usr/bin/perl5.36-x86_64-linux-gnu', 'perl -d:Trace /tmp/x', 'interpret'],
    ['/usr/bin/perl', 'perl -Mre -T /tmp/x', 'interpret'],
    ['/usr/bin/perl', 'perl -ne print /tmp/x', 'data'],
    ['/usr/bin/perl', 'perl -pi -e s/a/b/ /tmp/x', 'data'],
    ['/usr/bin/ruby3.1', 'ruby -rjson /tmp/x', 'interpret'],
    ['/usr/bin/ruby3.1', 'ruby -r /tmp/x /app/a.rb', 'interpret'],
    ['/usr/bin/ruby3.1', 'ruby /app/a.rb /tmp/x', 'data'],
    ['/usr/local/bin/node', 'node --max-old-space-size=100 /tmp/x', 'interpret'],
    ['/usr/local/bin/node', 'node --require=/tmp/x /app/a.js', 'interpret'],
    ['/usr/local/bin/node', 'node --import /tmp/x /app/a.js', 'interpret'],
    ['/usr/local/bin/node', 'node /app/a.js /tmp/x', 'data'],
    ['/usr/local/bin/node', 'node -e 1 /tmp/x', 'data'],
    ['/usr/bin/luajit-2.1.0-beta3', 'luajit /tmp/x', 'interpret'],
    ['/usr/bin/lua5.4', 'lua -e 1 /tmp/x', 'interpret'],
    ['/usr/bin/tclsh8.6', 'tclsh /tmp/x', 'interpret'],
    ['/usr/bin/expect', 'expect -f /tmp/x', 'interpret'],
    ['/usr/lib/jvm/java-17/bin/java', 'java -Xmx1g -jar /tmp/x', 'interpret'],
    ['/usr/lib/jvm/java-17/bin/java', 'java -cp /app.jar:/tmp/x Main', 'interpret'],
    ['/usr/lib/jvm/java-17/bin/java', 'java -javaagent:/tmp/x -jar /app.jar', 'interpret'],
    ['/usr/lib/jvm/java-17/bin/java', 'java --source 17 /tmp/x', 'interpret'],
    ['/usr/lib/jvm/java-17/bin/java', 'java -jar /app.jar /tmp/x', 'data'],
    ['/usr/bin/mawk', 'awk -f /tmp/x /data', 'interpret'],
    ['/usr/bin/gawk', 'awk --file=/tmp/x', 'interpret'],
    ['/usr/bin/mawk', 'awk {print} /tmp/x', 'data'],
    ['/usr/bin/sed', 'sed -nf /tmp/x /data', 'interpret'],
    ['/usr/bin/sed', 'sed -i s/a/b/ /tmp/x', 'data'],
    ['/usr/bin/sed', 'sed -if /tmp/x', 'data'],
    ['/usr/bin/make', 'make -f /tmp/x', 'interpret'],
    ['/usr/bin/gdb', 'gdb -batch -x /tmp/x', 'interpret'],
    ['/usr/bin/vim.basic', 'vim -S /tmp/x', 'interpret'],
    ['/usr/bin/vim.basic', 'vim /tmp/x', 'data'],
    ['/usr/bin/guile', 'guile -s /tmp/x', 'interpret'],
    ['/usr/lib/R/bin/exec/R', 'R --no-echo --file=/tmp/x', 'interpret'],
    ['/usr/bin/julia', 'julia /tmp/x', 'interpret'],
    ['/usr/bin/dotnet', 'dotnet /tmp/x', 'interpret'],
    ['/usr/local/bin/wasmtime', 'wasmtime /tmp/x', 'interpret'],
  ];
  test.each(cases)('%s by %j', (exe, command, expected) => {
    expect(answer({ exe, command })).toBe(expected);
  });

  test('whatever it reads, when it was given too many words to tell what it runs', () => {
    const python = (words: readonly string[]) =>
      answer({ exe: '/usr/bin/python3', command: ['python3', ...words, '/app/a.py'] });
    expect(python(Array(1000).fill('-u'))).toBe('data');
    expect(python(Array(3000).fill('-u'))).toBe('interpret');
    expect(python(['-W', 'x'.repeat(70_000)])).toBe('interpret');
  });

  test('a script that is reached through a link', () => {
    const asked = { exe: '/usr/bin/python3', command: 'python3 /tmp/link' };
    expect(answer(asked)).toBe('data');
    expect(answer({ ...asked, links: ['/tmp/link'] })).toBe('interpret');
  });

  test.each([
    ['/usr/bin/python3.11', '/a/m.py', 'interpret'],
    ['/usr/bin/python3.11', '/a/evil.pth', 'interpret'],
    ['/usr/bin/python3.11', '/a/x.whl', 'interpret'],
    ['/usr/bin/python3.11', '/a/x.js', 'data'],
    ['/usr/bin/perl', '/a/M.pm', 'interpret'],
    ['/usr/local/bin/node', '/a/x.mjs', 'interpret'],
    ['/usr/local/bin/node', '/a/x.json', 'data'],
    ['/usr/bin/java', '/a/x.jsp', 'interpret'],
    ['/usr/bin/java', '/a/x.war', 'interpret'],
    ['/usr/bin/java', '/a/x.zip', 'data'],
    ['/usr/lib/erlang/erts-13/bin/beam.smp', '/a/x.beam', 'interpret'],
    ['/usr/lib/erlang/erts-13/bin/beam.smp', '/a/rabbitmq.config', 'data'],
    ['/usr/bin/make', '/a/Makefile', 'interpret'],
    ['/usr/bin/gdb', '/root/.gdbinit', 'interpret'],
    ['/usr/bin/sed', '/a/x.sh', 'data'],
  ])('%s opens %s', (exe, path, expected) => expect(answer({ exe, path, command: 'x' })).toBe(expected));

  test('a script by its #! line', () => {
    const asked = { path: '/a/x', command: 'x' };
    for (const line of ['#!/bin/sh', '#!/usr/bin/env -S python3 -u', '#! /usr/bin/perl5.36']) {
      expect(answer({ ...asked, exe: '/usr/bin/perl', content: `${line}\n` })).toBe('interpret');
      expect(answer({ ...asked, exe: '/usr/bin/sed', content: `${line}\n` })).toBe('data');
    }
    expect(answer({ ...asked, exe: '/usr/bin/perl', content: '#!comment\n' })).toBe('data');
  });
});

describe('any attempt', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  const exe = fc.oneof(
    fc.constantFrom(
      '/bin/sh',
      '/usr/bin/python3',
      '/usr/bin/php',
      '/usr/bin/java',
      '/bin/busybox',
      '/bin/cat',
    ),
    text,
  );
  const word = fc.oneof(text, fc.constantFrom('-', '--', '-c', '-jar', '-f', '/tmp/x', '-\udc80', ':', '='));
  const asked: fc.Arbitrary<Asked> = fc.record({
    kind: fc.constantFrom('execute', 'open'),
    path: fc.oneof(text, fc.constantFrom('/tmp/x', '/\udc80\ud800.php', '/**', '/a/__pycache__/x.pyc', '')),
    place: fc.constantFrom('layer', 'memory', 'volume', 'bind', 'engine-file'),
    content: fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.constantFrom('<?', '#!', '#!env', '\x7fELF', '<?=/*'),
    ),
    size: fc.nat(1e9),
    sha256: fc.constantFrom(null, 'b'.repeat(64)),
    writers: fc.oneof(fc.constant(null), fc.array(exe, { maxLength: 5 })),
    exe: fc.oneof(fc.constant(null), exe),
    command: fc.array(word, { maxLength: 12 }),
    loader: fc.boolean(),
    flags: fc.oneof(fc.constant(null), fc.nat(0xffff)),
    policy: fc.constant({ exceptions: [{ path: '/**', until: '2020-01-01' }] }),
  });

  test('is answered; a denial says why, and its exception is valid and would allow it', () => {
    fc.assert(
      fc.property(asked, (given) => {
        const verdict = judge(attempt(given));
        if (verdict.allowed) return;
        expect(verdict.reason).toContain(given.path);
        expect(verdict.reason.endsWith('.')).toBe(true);
        const allow = exceptionSchema.parse(verdict.allow);
        if (given.path?.startsWith('/') !== true) return;
        expect(judge(attempt({ ...given, policy: { exceptions: [allow] } })).allowed).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('is answered soon, however much its command line, its name and its content are', () => {
    const words = Array.from({ length: 100_000 }, () => `-${'c'.repeat(20)}`);
    const started = process.cpuUsage();
    for (const content of ['<?', '"', "<?'\\", '<?/*', '<?#', '<', '<?\x01', '1.', '1-', '# ', 'a:b ']) {
      const bytes = Buffer.from(`${content.repeat(65_000 / content.length)}\x01`, 'latin1');
      for (const exe of ['/usr/bin/php', '/usr/bin/python3', '/bin/sh'])
        for (const place of ['layer', 'engine-file'] as const)
          judge(attempt({ exe, place, command: words, content: bytes, path: `/${'a.'.repeat(2000)}` }));
    }
    // Of the processor, for 66 judgements; a quadratic search takes seconds for each.
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(2000);
  });
});
