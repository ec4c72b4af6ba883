import { describe, expect, test } from 'vitest';
import type { Change, FileState } from '../../contract/index.ts';
import { whatDiffers, who } from './change.ts';

const file = (over: Partial<FileState> = {}): FileState => ({
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 10,
  mtime: '1767323045.120000000',
  sha256: 'a'.repeat(64),
  ...over,
});

const change = (over: Partial<Change>): Change => ({
  path: '/x',
  kind: 'C',
  before: null,
  after: null,
  differs: [],
  identical: false,
  ...over,
});

describe('what differs', () => {
  test('of a changed file is each attribute, the image left of the container', () => {
    const after = file({
      size: 2048,
      mode: 0o4755,
      uid: 33,
      sha256: 'b'.repeat(64),
      mtime: '0.000000000',
      capabilities: 'cap_net_raw=ep',
    });
    const differs: Change['differs'] = ['content', 'size', 'mode', 'owner', 'mtime', 'capabilities'];
    expect(whatDiffers(change({ before: file(), after, differs }))).toEqual([
      'content: sha256 aaaaaaaaaaaa | sha256 bbbbbbbbbbbb',
      'size: 10 B | 2 KiB',
      'mode: 0644 | 4755',
      'owner: 0:0 | 33:0',
      'mtime: 2026-01-02 03:04:05.120 | 1970-01-01 00:00:00',
      'capabilities: none | cap_net_raw=ep',
    ]);
  });

  test.each<[string, Partial<Change>, string[]]>([
    [
      'an added file',
      { kind: 'A', after: file({ capabilities: 'cap_chown=ep' }) },
      ['file 0644 0:0 10 B', 'capabilities: cap_chown=ep'],
    ],
    ['an added empty file', { kind: 'A', after: file({ size: 0 }) }, ['file 0644 0:0 empty']],
    [
      'an added link',
      { kind: 'A', after: file({ type: 'symlink', target: '/etc/shadow' }) },
      ['symlink to /etc/shadow'],
    ],
    [
      'an added device',
      { kind: 'A', after: file({ type: 'block', device: { major: 8, minor: 1 } }) },
      ['block 0644 0:0 8:1'],
    ],
    [
      'a sparse file',
      { kind: 'A', after: file({ size: 2 ** 40, allocated: 4096 }) },
      ['file 0644 0:0 1 TiB (sparse, 4 KiB on disk)'],
    ],
    ['a deleted file', { kind: 'D', before: file() }, ['was file 0644 0:0 10 B']],
    [
      'a moved file',
      { kind: 'A', after: file(), renamedFrom: '/bin/id' },
      ['moved from /bin/id', 'file 0644 0:0 10 B'],
    ],
    [
      'an identical copy',
      { identical: true, before: file(), after: file() },
      ['identical: copied up, nothing differs'],
    ],
    [
      'a changed target',
      { before: file({ target: 'a' }), after: file({ target: 'b' }), differs: ['target'] },
      ['target: a | b'],
    ],
    [
      'another type',
      { before: file(), after: file({ type: 'dir' }), differs: ['type'] },
      ['type: file | dir'],
    ],
    [
      'an opaque directory',
      { before: file({ type: 'dir' }), after: file({ type: 'dir' }), differs: ['opaque'] },
      ['opaque: hides all that the image has in it'],
    ],
    [
      'attributes that are not there',
      {
        before: file({ xattrs: { 'user.a': '' } }),
        after: file({ unhashed: 'too-large', sha256: undefined as never }),
        differs: ['content', 'xattrs', 'device'],
      },
      [
        'content: sha256 aaaaaaaaaaaa | not hashed (too-large)',
        'xattrs: user.a | none',
        'device: none | none',
      ],
    ],
  ])('of %s', (_title, over, lines) => {
    expect(whatDiffers(change(over))).toEqual(lines);
  });
});

describe('who', () => {
  test('tells user, command line and pid, and hides secrets', () => {
    expect(who({ pid: 7, uid: 33, user: 'www-data', commandLine: ['mysql', '--password=x'] })).toBe(
      'www-data mysql --password=*** (pid 7)',
    );
    expect(who({ pid: 7, uid: 33, exe: '/bin/sh', commandLine: [] })).toBe('uid 33 /bin/sh (pid 7)');
    expect(who({ pid: 7 })).toBe('(pid 7)');
    expect(who(undefined)).toBe('');
  });

  test('cuts a command line that is made to fill the terminal', () => {
    expect(who({ pid: 7, commandLine: ['sh', '-c', 'x'.repeat(100_000)] })).toMatch(
      /^sh -c x{74}… \(pid 7\)$/,
    );
  });
});
