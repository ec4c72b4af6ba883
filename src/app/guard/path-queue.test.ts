import { describe, expect, test } from 'vitest';
import { PathQueue } from './path-queue.ts';

const touched = (path: string, at: number, pid?: number) => ({
  path,
  at,
  ...(pid === undefined ? {} : { process: { pid } }),
});

describe('PathQueue', () => {
  test('gives a path at once, with its first time and first known process', () => {
    const queue = new PathQueue();
    queue.add(touched('/a', 10));
    queue.add(touched('/a', 20, 7));
    queue.add(touched('/a', 30, 8));
    expect(queue.take(30)).toEqual([{ path: '/a', at: 10, process: { pid: 7 } }]);
    expect(queue.take(30)).toEqual([]);
  });

  test('gives paths in the order of their first events', () => {
    const queue = new PathQueue();
    for (const path of ['/c', '/a', '/b', '/a']) queue.add(touched(path, 0));
    expect(queue.take(0).map(({ path }) => path)).toEqual(['/c', '/a', '/b']);
  });

  test('gives a path that is written to all the time less and less often', () => {
    const queue = new PathQueue();
    const looks: number[] = [];
    for (let now = 0; now < 10_000; now++) {
      queue.add(touched('/busy', now));
      if (queue.take(now).length > 0) looks.push(now);
    }
    expect(looks[0]).toBe(0);
    expect(looks.length).toBeLessThan(15);
    // Never longer than two seconds without a look.
    expect(Math.max(...looks.slice(1).map((look, at) => look - (looks[at] ?? 0)))).toBeLessThanOrEqual(2000);
  });

  test('looks at a path at once again after it was quiet', () => {
    const queue = new PathQueue();
    for (let now = 0; now < 10_000; now++) {
      queue.add(touched('/busy', now));
      queue.take(now);
    }
    queue.take(12_000);
    queue.add(touched('/busy', 20_000));
    expect(queue.take(20_000)).toHaveLength(1);
    queue.add(touched('/busy', 20_001));
    expect(queue.nextDue(20_001)).toBe(19);
  });

  test('says when the next path is due', () => {
    const queue = new PathQueue();
    expect(queue.nextDue(0)).toBeNull();
    queue.add(touched('/a', 0));
    expect(queue.nextDue(0)).toBe(0);
    queue.take(0);
    queue.add(touched('/a', 1));
    expect(queue.nextDue(1)).toBe(19);
    expect(queue.take(19)).toEqual([]);
    expect(queue.take(20)).toHaveLength(1);
  });

  test('refuses more paths than memory is meant for', () => {
    const queue = new PathQueue();
    const accepted = Array.from({ length: 20_001 }, (_, at) => queue.add(touched(`/${at}`, 0)));
    expect(accepted.filter(Boolean)).toHaveLength(4000);
    expect(queue.add(touched('/0', 1))).toBe(true);
  });
});
