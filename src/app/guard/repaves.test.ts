import { describe, expect, test } from 'vitest';
import { DEFAULT_REPAVE } from '../../contract/index.ts';
import { type Candidate, dueAt, dueNow, serviceOf } from './repaves.ts';

const HOUR = 3_600_000;
const started = '2026-01-01T00:00:00.000Z';
const at = (hours: number) => new Date(Date.parse(started) + hours * HOUR);

function candidate(id: string, service: string, maxAge = '24h', jitter = 0): Candidate {
  return { id, service, createdAt: started, policy: { mode: 'heal', repave: { maxAge, jitter } } };
}

describe('the age at which a container is repaved', () => {
  test('is never, unless policy says so, and in mode heal alone', () => {
    expect(dueAt({ ...candidate('a', 's'), policy: { mode: 'heal', repave: DEFAULT_REPAVE } })).toBeNull();
    const watched = { mode: 'watch' as const, repave: { maxAge: '1h', jitter: 0 } };
    expect(dueAt({ ...candidate('a', 's'), policy: watched })).toBeNull();
    expect(dueAt(candidate('a', 's'))).toBe(at(24).getTime());
  });

  test('comes earlier by a part that differs from one to the next, and stays the same', () => {
    const ages = ['a', 'b', 'c', 'd'].map((id) => dueAt(candidate(id, 's', '24h', 0.5)));
    for (const age of ages) {
      expect(age).toBeGreaterThanOrEqual(at(12).getTime());
      expect(age).toBeLessThanOrEqual(at(24).getTime());
    }
    expect(new Set(ages).size).toBe(4);
    expect(dueAt(candidate('a', 's', '24h', 0.5))).toBe(ages[0]);
  });
});

describe('what is repaved now', () => {
  const all = [
    candidate('a', 'web'),
    candidate('b', 'web', '23h'),
    candidate('c', 'db'),
    candidate('d', 'x', '48h'),
  ];

  test('is one of each service, the one that is due longest', () => {
    expect(dueNow(all, new Set(), at(25))).toEqual(['b', 'c']);
    expect(dueNow(all, new Set(), at(1))).toEqual([]);
  });

  test('is none of a service that has one at work', () => {
    expect(dueNow(all, new Set(['a']), at(25))).toEqual(['c']);
  });
});

test('a service is that of the Compose project, else the image', () => {
  expect(serviceOf({ image: 'nginx', labels: {} })).toBe('nginx');
  const labels = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' };
  expect(serviceOf({ image: 'nginx', labels })).toBe('shop/web');
});
