import { describe, expect, test } from 'vitest';
import { type Asked, attempt, ELF } from '../../../test/support/attempts.ts';
import { judge } from './judge.ts';

function denial(asked: Asked) {
  const verdict = judge(attempt(asked));
  if (verdict.allowed) throw new Error('it was allowed');
  return verdict;
}

describe('a reason names the file, why, and whose it is', () => {
  test.each<[Asked, string]>([
    [
      { kind: 'execute', content: ELF.program },
      '/tmp/x is a program that is not from the image; it was written by /usr/bin/curl.',
    ],
    [
      { kind: 'execute', content: '#!/usr/bin/env python3\n', writers: null },
      '/tmp/x is a script for python3 that is not from the image; it is older than the guard, or not all that wrote to it was seen.',
    ],
    [
      { kind: 'execute', path: '/usr/bin/id', content: ELF.program, fromImage: true, writers: [] },
      '/usr/bin/id is a program that is no longer as the image has it; nobody was seen writing to it.',
    ],
    [
      { kind: 'execute', path: '/usr/bin/nmap', content: ELF.program, writers: ['/usr/bin/dpkg'] },
      '/usr/bin/nmap is a program that is not from the image; it was installed by dpkg while running, install it in the image instead.',
    ],
    [
      {
        exe: '/usr/bin/python3.11',
        path: '/usr/lib/python3/dist-packages/a.py',
        writers: ['/usr/bin/python3.11'],
      },
      '/usr/lib/python3/dist-packages/a.py is not from the image, and .py files are code to Python; it was installed by pip while running, install it in the image instead.',
    ],
    [
      { exe: '/usr/bin/node', path: '/app/node_modules/a/i.js', writers: ['/usr/bin/node'] },
      '/app/node_modules/a/i.js is not from the image, and .js files are code to JavaScript; it was installed by npm while running, install it in the image instead.',
    ],
    [
      { exe: '/bin/sh', command: 'sh', writers: ['/a', '/b', '/b', '/c', '/d'] },
      '/tmp/x is not from the image, and a shell would run what it reads; it was written by /a, /b, /c and others.',
    ],
    [
      { loader: true, path: '/etc/ld.so.cache' },
      '/etc/ld.so.cache tells the loader where libraries are and is not from the image, so that it looks in its default folders alone; it was written by /usr/bin/curl.',
    ],
    [
      { loader: true, path: '/etc/ld.so.preload' },
      '/etc/ld.so.preload names libraries to load into every program and is not from the image; it was written by /usr/bin/curl.',
    ],
    [
      { exe: '/usr/bin/python3', command: 'python3 /tmp/x' },
      '/tmp/x is not from the image, and Python was told to run it; it was written by /usr/bin/curl.',
    ],
  ])('%#', (asked, reason) => expect(denial(asked).reason).toBe(reason));
});

describe('the exception that would allow it is the narrowest', () => {
  const program: Asked = { kind: 'execute', content: ELF.program, exe: '/bin/sh' };
  const hash = 'a'.repeat(64);
  test.each<[string, Asked, object]>([
    ['with its one writer', program, { path: '/tmp/x', writer: '/usr/bin/curl', reader: '/bin/sh' }],
    [
      'with the content of unknown origin',
      { ...program, writers: null },
      { path: '/tmp/x', sha256: hash, reader: '/bin/sh' },
    ],
    [
      'with the content when several wrote',
      { ...program, writers: ['/a', '/b'] },
      { path: '/tmp/x', sha256: hash, reader: '/bin/sh' },
    ],
    ['without what is not known', { ...program, writers: null, sha256: null, exe: null }, { path: '/tmp/x' }],
    [
      'with stars that mean one character',
      { ...program, path: '/tmp/**' },
      { path: '/tmp/??', sha256: hash, writer: '/usr/bin/curl', reader: '/bin/sh' },
    ],
  ])('%s', (_, asked, allow) => expect(denial(asked).allow).toEqual(allow));
});
