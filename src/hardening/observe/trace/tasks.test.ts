import { expect, test } from 'vitest';
import { Tasks } from './tasks.ts';

/** Beyond what a pid can be, so that /proc knows none of them. */
const RUNTIME = 5_000_001;
const INIT = 5_000_002;
const CHILD = 5_000_003;
const OTHER = 5_000_004;

test('a container begins with the first program that is not the runtime itself', () => {
  const tasks = new Tasks();
  tasks.watch('abc', []);
  tasks.attached(RUNTIME, '/docker/abc');
  tasks.executed(RUNTIME, RUNTIME, '/proc/self/exe');
  tasks.executed(RUNTIME, RUNTIME, '/dev/fd/6');
  tasks.forked(RUNTIME, INIT);
  expect([RUNTIME, INIT].map((tid) => tasks.containerOf(tid))).toEqual([null, null]);
  expect(tasks.executed(INIT, INIT, '/bin/sh')).toBe('abc');
  tasks.forked(INIT, CHILD);
  expect([RUNTIME, INIT, CHILD, OTHER].map((tid) => tasks.containerOf(tid))).toEqual([
    null,
    'abc',
    'abc',
    null,
  ]);
  expect(tasks.executed(CHILD, CHILD, '/proc/self/exe')).toBe('abc');
});

test('forgets who has ended, and whose number another has taken', () => {
  const tasks = new Tasks();
  tasks.watch('abc', [INIT, CHILD]);
  tasks.ended(INIT);
  tasks.forked(OTHER, CHILD);
  expect([INIT, CHILD].map((tid) => tasks.containerOf(tid))).toEqual([null, null]);
  tasks.watch('abc', [INIT]);
  tasks.unwatch('abc');
  expect(tasks.containerOf(INIT)).toBeNull();
  tasks.attached(INIT, '/docker/abc');
  expect(tasks.executed(INIT, INIT, '/bin/sh')).toBeNull();
});

test('remembers a bounded number', () => {
  const tasks = new Tasks();
  tasks.watch('abc', [RUNTIME]);
  for (let tid = 6_000_000; tid < 6_150_000; tid++) tasks.forked(RUNTIME, tid);
  expect(tasks.containerOf(6_149_999)).toBe('abc');
  expect(tasks.containerOf(6_000_000)).toBeNull();
});
