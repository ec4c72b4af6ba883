import { expect, test } from 'vitest';
import { newId } from './ids.ts';

const clock = { now: () => new Date('2026-01-02T03:04:05.678Z') };

test('an id tells what and when, and is a valid name of a file, an image tag and a container', () => {
  expect(newId('inc', clock)).toMatch(/^inc-20260102t030405-[0-9a-z]{6}$/);
  expect(newId('ev', clock)).toMatch(/^ev-20260102t030405-[0-9a-z]{6}$/);
});

test('ids of one second differ', () => {
  const ids = new Set(Array.from({ length: 100 }, () => newId('ev', clock)));
  expect(ids.size).toBe(100);
});
