import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';
import { startContainer } from '../../../test/support/engine.ts';
import { EventRecorder, remote } from '../../../test/support/event-recorder.ts';
import { watchTarget } from '../../../test/support/watch-target.ts';
import { type Engine, findEngine } from '../../engine/index.ts';
import { PristineError } from '../../kernel/index.ts';
import type { DriftReader } from '../index.ts';
import { createApiReader } from './reader.ts';
import { createPollingSensor } from './sensor.ts';

const options = { hash: true, maxHashBytes: 1 << 20 };
let engine: Engine;
let reader: DriftReader;
/** Times that the engine was asked for its list. */
let listings = 0;

beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory: tmpdir() });
  reader = createApiReader({
    changes: (id) => {
      listings++;
      return engine.changes(id);
    },
    readPath: (id, path) => engine.readPath(id, path),
  });
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('the reader over the engine’s API', () => {
  test('reads the state of every kind of file', async () => {
    await using container = await startContainer();
    await container.sh(`mkdir -m 751 /d; echo hello > /d/f; chown 12:34 /d/f; chmod 4750 /d/f
      touch -d @981173106 /d/f; ln -s /etc/shadow /d/l; mknod /d/p p; mknod /d/c c 1 3; rm /bin/awk
      dd if=/dev/zero of=/d/big bs=1M count=2 2>/dev/null; chown 4000000:5000000 /d/big`);
    const drift = await reader.scan(remote(await watchTarget(container.id)), options);
    const states = Object.fromEntries(
      drift.changes.map(({ path, kind, after }) => [path, { kind, ...after }]),
    );
    expect(drift.source).toBe('api');
    expect(drift.changes.map(({ path }) => path)).toEqual([
      '/bin',
      '/bin/awk',
      '/d',
      '/d/big',
      '/d/c',
      '/d/f',
      '/d/l',
      '/d/p',
    ]);
    expect(states).toMatchObject({
      '/bin': { kind: 'C', type: 'dir' },
      '/bin/awk': { kind: 'D' },
      '/d': { kind: 'A', type: 'dir', mode: 0o751 },
      '/d/f': {
        ...{ kind: 'A', type: 'file', mode: 0o4750, uid: 12, gid: 34, size: 6 },
        ...{ mtime: '981173106.000000000', sha256: sha256('hello\n') },
      },
      '/d/l': { kind: 'A', type: 'symlink', target: '/etc/shadow' },
      '/d/p': { type: 'fifo' },
      '/d/c': { type: 'char', device: { major: 1, minor: 3 } },
      '/d/big': { size: 2 << 20, unhashed: 'too-large', uid: 4_000_000, gid: 5_000_000 },
    });
    expect(drift.changes.every(({ before, differs }) => before === null && differs.length === 0)).toBe(true);
    expect(drift.blindSpots.join()).toContain('original content');
  });

  test('reads only the head of a directory, however much is in it', async () => {
    await using container = await startContainer();
    await container.sh('mkdir /d; dd if=/dev/zero of=/d/big bs=1M count=200 2>/dev/null');
    let bytes = 0;
    const counting = createApiReader({
      changes: (id) => engine.changes(id),
      readPath: async (id, path) => {
        const archive = await engine.readPath(id, path);
        return archive.on('data', (piece: Uint8Array) => {
          bytes += piece.length;
        });
      },
    });
    const change = await counting.examine(remote(await watchTarget(container.id)), '/d', options);
    expect(change).toMatchObject({ path: '/d', kind: 'A', after: { type: 'dir' } });
    // A stream that was left open would go on flowing.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(bytes).toBeLessThan(10 << 20);
  });

  test('examines one path, shares a listing, and asks anew for what it does not hold', async () => {
    await using container = await startContainer();
    const target = remote(await watchTarget(container.id));
    await container.sh('echo 1 > /a; echo 2 > /b');
    listings = 0;
    expect(await reader.examine(target, '/a', options)).toMatchObject({ kind: 'A', after: { size: 2 } });
    expect(await reader.examine(target, '/b', options)).toMatchObject({ kind: 'A' });
    expect(listings).toBe(1);
    await container.sh('echo 3 > /c; rm /a');
    expect(await reader.examine(target, '/c', options)).toMatchObject({ kind: 'A' });
    expect(await reader.examine(target, '/a', options)).toBe(null);
    expect(await reader.examine(target, '/bin/busybox', options)).toBe(null);
  });

  test('samples the content of regular files alone, and has no original', async () => {
    await using container = await startContainer();
    const target = remote(await watchTarget(container.id));
    await container.sh('echo hello > /f; ln -s /f /l; mknod /p p; : > /empty');
    const text = async (path: string, most: number) => {
      const sample = await reader.readCurrent(target, path, most);
      return sample === null ? null : [Buffer.from(sample.bytes).toString(), sample.size];
    };
    expect(await text('/f', 100)).toEqual(['hello\n', 6]);
    expect(await text('/f', 3)).toEqual(['hel', 6]);
    expect(await text('/empty', 3)).toEqual(['', 0]);
    for (const path of ['/l', '/p', '/tmp', '/nowhere']) expect(await text(path, 3)).toBe(null);
    expect(await reader.readOriginal(target, '/bin/busybox', 3)).toBe(null);
  });

  test('fails as the engine does, also in the middle of an archive', async () => {
    const gone = new PristineError('E_ENGINE_GONE', 'gone', { next: '' });
    const broken = (readPath: () => Promise<Readable>) =>
      createApiReader({ changes: async () => [{ kind: 'A', path: '/f' }], readPath });
    const target = { id: 'x', name: 'x', image: '', imageId: '', pid: null, overlay: null, mounts: [] };
    await expect(broken(async () => Promise.reject(gone)).scan(target, options)).rejects.toBe(gone);
    const cut = async () => Readable.from([Buffer.alloc(100)]);
    await expect(broken(cut).scan(target, options)).rejects.toThrow();
  });
});

describe('the polling sensor', () => {
  test('reports what two polls do not share, of watched containers', async () => {
    await using container = await startContainer();
    await using other = await startContainer();
    await container.sh('echo x > /old');
    await using sensor = disposable(
      createPollingSensor({ changes: (id) => engine.changes(id), everyMs: 50 }),
    );
    const seen = new EventRecorder(sensor);
    await sensor.watch(remote(await watchTarget(container.id)));
    await container.sh('echo x > /new; rm /bin/awk; rm /old');
    await other.sh('echo x > /other');
    await seen.until(() => seen.touched.length >= 4);
    const told = seen.touched.map(({ operation, path }) => `${operation} ${path}`).sort();
    expect(told).toEqual(['create /new', 'delete /bin/awk', 'delete /old', 'write /bin']);
    expect(seen.touched.every(({ containerId }) => containerId === container.id)).toBe(true);

    await sensor.unwatch(container.id);
    await container.sh('echo x > /later');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(seen.touched.map(({ path }) => path)).not.toContain('/later');
  });

  test('reports one gap while the engine does not answer, and one when it answers again', async () => {
    let broken = false;
    const changes = async () => {
      if (broken) throw new Error('no answer');
      return [];
    };
    await using sensor = disposable(createPollingSensor({ changes, everyMs: 10 }));
    const seen = new EventRecorder(sensor);
    await sensor.watch({ id: 'x', name: 'x', image: '', imageId: '', pid: null, overlay: null, mounts: [] });
    broken = true;
    await seen.until(() => seen.events.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    broken = false;
    await seen.until(() => seen.events.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(seen.events).toMatchObject([
      { type: 'gap', containerId: 'x', reason: expect.stringContaining('no answer') },
      { type: 'gap', containerId: 'x' },
    ]);
  });

  test('asks sparingly: a slow engine is left alone four fifths of the time', async () => {
    let calls = 0;
    const changes = async () => {
      calls++;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return [];
    };
    await using sensor = disposable(createPollingSensor({ changes, everyMs: 10 }));
    await sensor.watch({ id: 'x', name: 'x', image: '', imageId: '', pid: null, overlay: null, mounts: [] });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(calls).toBeLessThanOrEqual(6);
    expect(calls).toBeGreaterThan(2);
  });

  test('makes no poll while nobody takes its events, and ends its iteration when closed', async () => {
    let calls = 0;
    const changes = async () => [{ kind: 'A' as const, path: `/${++calls}` }];
    const sensor = createPollingSensor({ changes, everyMs: 5 });
    await sensor.watch({ id: 'x', name: 'x', image: '', imageId: '', pid: null, overlay: null, mounts: [] });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(calls).toBe(2);
    await sensor.close();
    await new EventRecorder(sensor).ended;
  });
});

function disposable<T extends { close(): Promise<void> }>(sensor: T): T & AsyncDisposable {
  return Object.assign(sensor, { [Symbol.asyncDispose]: () => sensor.close() });
}
