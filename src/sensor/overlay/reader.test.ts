import { describe, expect, test } from 'vitest';
import { docker, startContainer } from '../../../test/support/engine.ts';
import { watchTarget } from '../../../test/support/watch-target.ts';
import type { WatchTarget } from '../../contract/index.ts';
import { dockerDiff } from '../../drift/docker-format.ts';
import { createOverlayReader } from './reader.ts';

const reader = createOverlayReader();
const options = { hash: true, maxHashBytes: 1 << 20 };

describe('a container nobody touched', () => {
  test('has no drift, however it mounts, but mountpoints that docker diff lists', async () => {
    await using container = await startContainer({
      options: [
        '--init',
        '-v',
        '/data',
        '-v',
        '/etc/app/conf.d',
        '--tmpfs',
        '/run/app',
        '-v',
        '/etc/hostname:/mnt/one:ro',
      ],
    });
    const target = await watchTarget(container.id);
    const { changes } = await reader.scan(target, options);
    expect(changes.filter(({ mountpoint }) => !mountpoint)).toEqual([]);
    expect(changes.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        '/data',
        '/etc/app',
        '/etc/app/conf.d',
        '/run/app',
        '/mnt/one',
        '/sbin/docker-init',
      ]),
    );
    const lines = dockerDiff({ ...(await reader.scan(target, options)) });
    expect(lines.sort()).toEqual((await docker('diff', container.id)).split('\n').sort());
  });

  test('that grew a file where the engine mounts is told of it', async () => {
    await using container = await startContainer({ options: ['-v', '/data'] });
    const target = await watchTarget(container.id);
    const mounted: WatchTarget = {
      ...target,
      mounts: [{ kind: 'bind', destination: '/tmp/x', source: '/x', volume: null, writable: true }],
    };
    await container.sh('echo payload > /tmp/x');
    expect(await reader.examine(mounted, '/tmp/x', options)).not.toHaveProperty('mountpoint');
  });
});

describe('one path', () => {
  test('is examined with its parents gone, replaced or untouched', async () => {
    await using container = await startContainer();
    await container.sh('rm /bin/sync; rm -r /var/log; mkdir /etc/new; rm -r /usr/bin; ln -s /etc /usr/bin');
    const target = await watchTarget(container.id);
    const kinds = [
      '/bin/sync',
      '/bin/sh',
      '/bin/nothing',
      '/var/log',
      '/etc/new',
      '/etc',
      '/usr/bin',
      '/usr/bin/new',
      '/',
    ];
    const found = await Promise.all(kinds.map((path) => reader.examine(target, path, options)));
    expect(found.map((change) => change?.kind)).toEqual([
      'D',
      undefined,
      undefined,
      'D',
      'A',
      undefined,
      'C',
      undefined,
      undefined,
    ]);
  });

  test('has content before and after', async () => {
    await using container = await startContainer();
    await container.sh('rm /bin/busybox; echo evil > /bin/busybox; echo new > /new');
    const target = await watchTarget(container.id);
    expect(String((await reader.readCurrent(target, '/bin/busybox', 99))?.bytes)).toBe('evil\n');
    const original = await reader.readOriginal(target, '/bin/busybox', 4);
    expect([...(original?.bytes ?? [])]).toEqual([0x7f, 0x45, 0x4c, 0x46]);
    expect(original?.size).toBeGreaterThan(500_000);
    expect(await reader.readOriginal(target, '/new', 99)).toBe(null);
    expect(await reader.readCurrent(target, '/bin/sh', 99)).toBe(null);
  });

  test('of a root directory that was opened up is a change', async () => {
    await using container = await startContainer();
    await container.sh('chmod 777 /');
    const target = await watchTarget(container.id);
    expect(await reader.examine(target, '/', options)).toMatchObject({
      kind: 'C',
      path: '/',
      differs: ['mode'],
    });
    expect((await reader.scan(target, options)).changes.map(({ path }) => path)).toEqual(['/']);
  });
});

describe('a container that cannot be read', () => {
  test('is named with a next step: removed', async () => {
    let target: WatchTarget;
    {
      await using container = await startContainer();
      target = await watchTarget(container.id);
    }
    await expect(reader.scan(target, options)).rejects.toMatchObject({
      code: 'E_NO_SUCH_CONTAINER',
      message: expect.stringContaining(target.name),
      next: expect.stringMatching(/pristine ps/),
    });
  });

  test('is named with a next step: no overlay', async () => {
    const target = { id: 'x', name: 'far', image: 'x', imageId: 'x', pid: null, overlay: null, mounts: [] };
    await expect(reader.scan(target, options)).rejects.toMatchObject({ code: 'E_NOT_SUPPORTED' });
  });
});

test('blind spots name the mounts that can be written to', async () => {
  await using container = await startContainer({
    options: ['-v', '/data', '-v', '/etc/hostname:/ro:ro', '-v', '/var/tmp:/rw', '--tmpfs', '/run'],
  });
  const sentences = reader.blindSpots(await watchTarget(container.id)).join('\n');
  expect(sentences).toMatch(/"\/data" go to volume "[0-9a-f]{64}"/);
  expect(sentences).toMatch(/"\/rw" go to the host's "\/var\/tmp"/);
  expect(sentences).toMatch(/"\/run" are in memory \(tmpfs\)/);
  expect(sentences).toMatch(/Memory of processes/);
  expect(sentences).not.toContain('"/ro"');
});
