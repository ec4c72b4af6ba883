import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { temporaryState } from '../../../test/support/guard.ts';
import { systemClock } from '../../kernel/index.ts';
import { keepAlive, readLastRun, unwatchedSince } from './last-run.ts';
import { Pauses } from './pauses.ts';

test('the time of the last run is kept while it is alive, and at its end', async () => {
  using state = temporaryState();
  expect(await readLastRun(state.path)).toBe(null);
  const problems: unknown[] = [];
  const end = keepAlive(state.path, systemClock, (error) => problems.push(error));
  await sleep(50);
  const alive = await readLastRun(state.path);
  expect(Date.now() - (alive?.getTime() ?? 0)).toBeLessThan(5000);
  await end();
  expect((await readLastRun(state.path))?.getTime()).toBeGreaterThan(alive?.getTime() ?? Infinity);
  expect(problems).toEqual([]);
});

test('a state directory that cannot be written to is told, and stops nobody', async () => {
  const problems: unknown[] = [];
  await keepAlive('/nowhere', systemClock, (error) => problems.push(error))();
  expect(problems.length).toBe(2);
});

const now = new Date('2026-01-01T00:01:00Z');
test.each([
  ['since the last run', '2026-01-01T00:00:30Z', '2025-12-31T00:00:00Z', 30_000],
  ['since the container started', '2026-01-01T00:00:30Z', '2026-01-01T00:00:50Z', 10_000],
  ['since the container started, without an earlier run', null, '2026-01-01T00:00:50Z', 10_000],
  ['since the last run, when the start is not known', '2026-01-01T00:00:30Z', null, 30_000],
  ['for how long nobody knows', null, null, undefined],
])('a container went unwatched %s', (_, lastRun, startedAt, lengthMs) => {
  const time = unwatchedSince(lastRun === null ? null : new Date(lastRun), startedAt, now);
  expect(time?.lengthMs).toBe(lengthMs);
  expect(time?.reason).toBe('the guard was not running');
});

test('a container that starts with the guard missed nothing', () => {
  expect(unwatchedSince(new Date(0), '2026-01-01T00:01:00Z', now)).toBe(null);
});

test('a pause is told with its length when it ends', () => {
  const pauses = new Pauses();
  const event = (kind: 'pause' | 'unpause' | 'remove', at: string) =>
    pauses.note({ containerId: 'c', kind, at });
  expect(event('pause', '2026-01-01T00:00:00Z')).toBe(null);
  expect(event('unpause', '2026-01-01T00:00:07.5Z')).toEqual({
    reason: 'the container was paused',
    lengthMs: 7500,
  });
  expect(event('unpause', '2026-01-01T00:00:09Z')).toEqual({ reason: 'the container was paused' });
});
