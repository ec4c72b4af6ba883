import { expect, test } from 'vitest';
import { choose } from './choose.ts';
import type { KeptEvidence } from './inventory.ts';

const now = new Date('2026-06-01T00:00:00Z');
const kept = (id: string, daysOld: number, files: Record<string, number>): KeptEvidence => ({
  kind: 'bundle',
  id,
  incident: `inc-${id}`,
  at: new Date(now.getTime() - daysOld * 86_400_000).toISOString(),
  folder: `/nowhere/${id}`,
  files: new Map(Object.entries(files)),
});
/** Each has 10 bytes of its own; a and b share a layer of 100, c has one of 50. */
const all = [
  kept('c', 1, { 'layer-2': 50, c: 10 }),
  kept('a', 30, { layer: 100, a: 10 }),
  kept('b', 10, { layer: 100, b: 10 }),
];
const options = { now, protect: new Set<string>(), isExported: () => false };
const outcome = (...[retention, given = {}]: [Parameters<typeof choose>[1], object?]) => {
  const { expired, spared, bytes } = choose(all, retention, { ...options, ...given });
  return {
    expired: expired.map(({ evidence, reason }) => `${evidence.id} ${reason}`),
    spared: spared.map(({ evidence, why }) => `${evidence.id} ${why}`),
    bytes,
  };
};

test('what is too old goes, and a shared layer stays as long as one needs it', () => {
  expect(outcome({ maxAge: '20d' })).toEqual({ expired: ['a age'], spared: [], bytes: 170 });
  expect(outcome({ maxAge: '5d' })).toEqual({ expired: ['a age', 'b age'], spared: [], bytes: 60 });
});

test('the oldest go until the rest is small enough', () => {
  expect(outcome({ maxBytes: 180 })).toEqual({ expired: [], spared: [], bytes: 180 });
  expect(outcome({ maxBytes: 179 })).toEqual({ expired: ['a size'], spared: [], bytes: 170 });
  expect(outcome({ maxBytes: 60 })).toEqual({ expired: ['a size', 'b size'], spared: [], bytes: 60 });
  expect(outcome({ maxBytes: 0 })).toMatchObject({ expired: ['a size', 'b size', 'c size'], bytes: 0 });
});

test('no limit, and an age of 0, remove nothing', () => {
  expect(outcome({})).toMatchObject({ expired: [], bytes: 180 });
  expect(outcome({ maxAge: '0' })).toMatchObject({ expired: [], bytes: 180 });
});

test('what is protected stays, by its own id or its incident’s, and the next goes in its place', () => {
  expect(outcome({ maxBytes: 60 }, { protect: new Set(['inc-a']) })).toEqual({
    expired: ['b size', 'c size'],
    spared: ['a protected'],
    bytes: 110,
  });
  expect(outcome({ maxAge: '20d' }, { protect: new Set(['a']) })).toMatchObject({ expired: [] });
});

test('with onlyExported nothing goes that was not exported', () => {
  const isExported = ({ id }: KeptEvidence) => id === 'b';
  expect(outcome({ maxAge: '5d', onlyExported: true }, { isExported })).toEqual({
    expired: ['b age'],
    spared: ['a not exported'],
    bytes: 170,
  });
});
