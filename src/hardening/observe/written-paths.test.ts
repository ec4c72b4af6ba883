import { expect, test } from 'vitest';
import { coveredBy } from './covered.ts';
import { WrittenPaths } from './written-paths.ts';

const touched = (path: string) =>
  ({ type: 'touched', containerId: 'c', path, operation: 'create', at: 0 }) as const;

test('a flood of paths is told as writes to their folders', () => {
  const written = new WrittenPaths(() => false);
  for (let i = 0; i < 60_000; i++) written.touched(touched(`/d/${i % 10}/${i}`), 'boot', null);
  const list = written.list();
  expect(list.length).toBeLessThanOrEqual(55_001);
  expect(list.find(({ path }) => path === '/d/3')).toMatchObject({ operations: ['write'] });
});

test('long paths count by their length', () => {
  const written = new WrittenPaths(() => false);
  const long = `/${'x'.repeat(4000)}`;
  for (let i = 0; i < 10_000; i++) written.touched(touched(`${long}/${i}`), 'boot', null);
  expect(written.list().reduce((sum, { path }) => sum + path.length, 0)).toBeLessThan(17 << 20);
});

test('knows what is not the root filesystem’s own', () => {
  const covered = coveredBy({
    mounts: [{ kind: 'volume', destination: '/data/', source: null, volume: 'v', writable: true }],
    raw: { HostConfig: { Tmpfs: { '/run': '' } } },
  });
  const paths = [
    '/data',
    '/data/x',
    '/database',
    '/run/x',
    '/runner',
    '/etc/hosts',
    '/etc/hosts.allow',
    '/dev/x',
  ];
  expect(paths.filter(covered)).toEqual(['/data', '/data/x', '/run/x', '/etc/hosts', '/dev/x']);
});
