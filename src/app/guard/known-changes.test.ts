import { expect, test } from 'vitest';
import type { Change } from '../../contract/index.ts';
import { KnownChanges } from './known-changes.ts';

function change(path: string, inode = '7', ctime = '1.000000000'): Change {
  const after = { type: 'file' as const, mode: 0o644, uid: 0, gid: 0, size: 3, mtime: ctime, ctime, inode };
  return { path, kind: 'A', before: null, after, differs: [], identical: false };
}

test('knows each of many changes, and none that differs in anything', () => {
  const known = new KnownChanges();
  const paths = Array.from({ length: 20_000 }, (_, at) => `/d/${at}`);
  for (const path of paths) known.add(change(path));
  expect(paths.filter((path) => !known.has(change(path)))).toEqual([]);
  expect(paths.filter((path) => known.has(change(path, '8')))).toEqual([]);
  expect(paths.filter((path) => known.has(change(path, '7', '1.000000001')))).toEqual([]);
  expect(paths.filter((path) => known.has({ ...change(path), kind: 'D', after: null }))).toEqual([]);
  expect(known.has(change('/d/20000'))).toBe(false);
});

test('links to one file under names that are not UTF-8 are told apart', () => {
  const known = new KnownChanges();
  known.add(change('/\udcff'));
  expect(known.has(change('/\udcff'))).toBe(true);
  expect(known.has(change('/\udcfe'))).toBe(false);
  expect(known.has(change('/\ufffd'))).toBe(false);
});

test('a later state takes the place of an earlier one, and a path can be forgotten', () => {
  const known = new KnownChanges();
  known.add(change('/a', '1'));
  known.add(change('/a', '2'));
  expect([known.has(change('/a', '1')), known.has(change('/a', '2'))]).toEqual([false, true]);
  known.forget('/a');
  known.forget('/never');
  expect(known.has(change('/a', '2'))).toBe(false);
  known.add(change('/a', '2'));
  expect(known.has(change('/a', '2'))).toBe(true);
});

test('begins anew when it is full', () => {
  const known = new KnownChanges(100);
  for (let at = 0; at <= 100; at++) known.add(change(`/${at}`));
  expect([known.has(change('/0')), known.has(change('/100'))]).toEqual([false, true]);
});

test('tells another content under the same stamp, and asks a scan to hash what changed just now', () => {
  const known = new KnownChanges();
  const hashed = (path: string, sha256: string, ctime: string): Change => {
    const one = change(path, '7', ctime);
    return { ...one, after: one.after === null ? null : { ...one.after, sha256 } };
  };
  const young = `${Math.floor(Date.now() / 1000) - 5}.000000000`;
  known.add(hashed('/old', 'aa', '1.000000000'));
  known.add(hashed('/young', 'aa', young));
  expect(known.has(hashed('/young', 'aa', young))).toBe(true);
  expect(known.has(hashed('/young', 'bb', young))).toBe(false);
  expect(known.knows('/young', 'A', change('/young', '7', young).after)).toBe(false);
  expect(known.knows('/old', 'A', change('/old').after)).toBe(true);
});
