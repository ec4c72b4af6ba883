import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { docker } from '../../test/support/engine.ts';
import { lockable } from '../../test/support/lockable.ts';
import { lockedContainers } from './index.ts';
import { MountNamespace } from './namespace.ts';
import { LockRecords } from './record.ts';

const HOLDS = 'exec 9> /held; touch /dev/shm/started; exec sleep 1000';

describe('unlock', () => {
  test('does nothing to a container that is not locked, and nothing twice', async () => {
    await using web = await lockable();
    expect(await web.unlock()).toMatchObject({ state: 'not-locked', undone: [] });
    await web.lock();
    expect(await lockedContainers(web.state)).toEqual(new Set([web.container.id]));
    expect(await web.unlock()).toMatchObject({ state: 'unlocked', failed: [] });
    expect(await web.unlock()).toMatchObject({ state: 'not-locked', undone: [] });
    expect(await lockedContainers(web.state)).toEqual(new Set());
  });

  test('says that there is nothing to undo once the container was restarted, or stopped', async () => {
    await using web = await lockable();
    await web.lock();
    await docker('restart', '-t', '0', web.container.id);
    expect(await web.tell('echo x > /new && cat /new')).toBe('x');
    expect(await lockedContainers(web.state)).toEqual(new Set());
    const before = await web.mounts();
    expect(await web.unlock()).toMatchObject({ state: 'gone', undone: [] });
    expect(await web.mounts()).toBe(before);
    await web.lock();
    await docker('stop', '-t', '0', web.container.id);
    expect(await web.unlock()).toMatchObject({ state: 'gone', undone: [] });
    expect(await web.unlock()).toMatchObject({ state: 'not-locked', undone: [] });
  });

  test('goes by what is mounted where the record is lost', async () => {
    await using web = await lockable();
    await web.container.sh('mkdir -p /srv');
    const before = await web.mounts();
    await web.lock('/srv');
    rmSync(join(web.state, 'locks'), { recursive: true });
    expect((await web.unlock()).state).toBe('unlocked');
    expect(await web.mounts()).toBe(before);

    await web.begin(HOLDS);
    await web.lock('/srv');
    writeFileSync(recordFile(web.state, web.container.id), '{"version":1,');
    expect((await web.unlock()).state).toBe('unlocked');
    expect(await web.mounts()).toBe(before);
  });

  test('undoes what a lock had come to when it was ended in the middle', async () => {
    await using web = await lockable();
    await web.container.sh('mkdir -p /srv');
    const before = await web.mounts();
    await web.begin(HOLDS);
    await web.lock('/srv');
    const record = readFileSync(recordFile(web.state, web.container.id));
    await web.unlock();
    // The same record with a part of what it intends.
    const { pid } = await web.target();
    const { actions } = JSON.parse(record.toString()) as {
      actions: { kind: string; path: string; mount: number }[];
    };
    {
      await using namespace = await MountNamespace.join(pid ?? 0);
      const root = namespace.mounts().findLast(({ path }) => path === '/')?.id ?? 0;
      const dev = actions.find(({ path }) => path === '/dev')?.mount ?? 0;
      await namespace.change({ do: 'flags', path: '/dev', mount: dev, set: ['noexec'], clear: [] });
      await namespace.change({ do: 'bind', path: '/etc', mount: root, access: 'read-only' });
    }
    writeFileSync(recordFile(web.state, web.container.id), record);
    expect([...(await web.unlock()).undone].sort()).toEqual(['/dev', '/etc']);
    expect(await web.mounts()).toBe(before);
  });
});

describe('lock', () => {
  test('writes its record before it changes anything', async () => {
    await using web = await lockable();
    const before = await web.mounts();
    const writing = vi.spyOn(LockRecords.prototype, 'write').mockRejectedValue(new Error('the disk is full'));
    await expect(web.lock()).rejects.toThrow('the disk is full');
    writing.mockRestore();
    expect(await web.mounts()).toBe(before);
  });

  test('removes records of containers that have ended', async () => {
    await using ended = await lockable();
    await using web = await lockable();
    await ended.lock();
    const record = JSON.parse(readFileSync(recordFile(ended.state, ended.container.id), 'utf8'));
    mkdirSync(join(web.state, 'locks'));
    const old = { ...record, container: { id: 'old', name: 'old' }, init: { pid: 1, startTicks: '1' } };
    writeFileSync(recordFile(web.state, 'old'), JSON.stringify(old));
    await web.lock();
    expect(readdirSync(join(web.state, 'locks')).sort()).toEqual([`${web.container.id}.json`, 'turn']);
  });

  test('is refused for what does not run, shares our mounts or is no overlay, and without root', async () => {
    await expect(MountNamespace.join(process.pid)).rejects.toMatchObject({ code: 'E_NOT_SUPPORTED' });
    await using web = await lockable();
    const { lock } = await import('./index.ts');
    const target = await web.target();
    const options = { stateDirectory: web.state, allow: [], again: web.target };
    await expect(lock({ ...target, overlay: null }, options)).rejects.toMatchObject({
      code: 'E_NOT_SUPPORTED',
    });
    // The pid was another process's by the time that the engine is asked again.
    await expect(
      lock(target, { ...options, again: async () => ({ ...target, pid: 1 }) }),
    ).rejects.toMatchObject({ code: 'E_NOT_SUPPORTED', message: expect.stringMatching(/has ended/) });
    vi.spyOn(process, 'getuid').mockReturnValue(1000);
    await expect(web.lock()).rejects.toMatchObject({ code: 'E_NEEDS_ROOT' });
    vi.restoreAllMocks();
    await docker('stop', '-t', '0', web.container.id);
    await expect(web.lock()).rejects.toMatchObject({
      code: 'E_NOT_SUPPORTED',
      message: `${web.container.name} does not run, and only what runs can be locked`,
    });
  });
});

/** Where the record of a container is. */
function recordFile(state: string, id: string): string {
  return join(state, 'locks', `${id}.json`);
}
