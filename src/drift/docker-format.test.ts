import { describe, expect, test } from 'vitest';
import type { Change, Drift, FileState, FileType } from '../contract/index.ts';
import { dockerDiff } from './docker-format.ts';

const state = (over: Partial<FileState> = {}): FileState => ({
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 1,
  mtime: '100.000000000',
  ...over,
});

const change = (path: string, before: FileState | null, after: FileState | null): Change => ({
  path,
  kind: before === null ? 'A' : after === null ? 'D' : 'C',
  before,
  after,
  differs: [],
  identical: false,
});

const lines = (...changes: Change[]) => dockerDiff({ changes } as unknown as Drift).sort();
const changed = (before: Partial<FileState>, after: Partial<FileState>) =>
  lines(change('/f', state(before), state(after)));

describe('a changed file is listed', () => {
  test.each<[string, Partial<FileState>, Partial<FileState>]>([
    ['mode', {}, { mode: 0o600 }],
    ['owner', {}, { uid: 1 }],
    ['group', {}, { gid: 1 }],
    ['type', {}, { type: 'fifo' }],
    ['size', {}, { size: 2 }],
    ['time', {}, { mtime: '101.000000000' }],
    ['time within a second', { mtime: '100.100000000' }, { mtime: '100.200000000' }],
    ['capability', {}, { xattrs: { 'security.capability': 'AA==' } }],
    [
      'device',
      { type: 'char', device: { major: 1, minor: 3 } },
      { type: 'char', device: { major: 1, minor: 5 } },
    ],
  ])('for its %s', (_, before, after) => expect(changed(before, after)).toEqual(['C /f']));
});

describe('a changed file is not listed', () => {
  test.each<[string, Partial<FileState>, Partial<FileState>]>([
    ['content behind the same size and time', { sha256: 'a' }, { sha256: 'b' }],
    ['other attribute', {}, { xattrs: { 'user.note': 'AA==' } }],
    ['fraction of a second where the other has none', {}, { mtime: '100.500000000' }],
    ['fraction of a second before 1970', { mtime: '-2.000000000' }, { mtime: '-1.500000000' }],
    ['time, of a socket', { type: 'socket' }, { type: 'socket', mtime: '7.000000000' }],
    ['time, of a block device', { type: 'block' }, { type: 'block', mtime: '7.000000000' }],
    ['time and size, of a directory', { type: 'dir' }, { type: 'dir', mtime: '7.000000000', size: 9 }],
  ])('for its %s', (_, before, after) => expect(changed(before, after)).toEqual([]));
});

test('every directory above a change counts as changed, but never the root', () => {
  expect(lines(change('/a/b/c', null, state()))).toEqual(['A /a/b/c', 'C /a', 'C /a/b']);
  expect(lines(change('/', state({ type: 'dir' }), state({ type: 'dir', mode: 0o700 })))).toEqual([]);
});

test.each<[FileType, string[]]>([
  ['file', ['C /d']],
  ['symlink', ['C /d']],
  ['char', ['C /d']],
  ['socket', ['C /d', 'D /d/a']],
  ['block', ['C /d', 'D /d/a']],
])('what was in a directory that became a %s is listed as moby does', (type, expected) => {
  const replaced = change('/d', state({ type: 'dir' }), state({ type }));
  expect(lines(replaced, change('/d/a', state(), null))).toEqual(expected);
});

test('bytes that are not UTF-8 become U+FFFD, each', () => {
  expect(lines(change('/a\udcff\udc80', null, state()))).toEqual(['A /a\ufffd\ufffd']);
});
