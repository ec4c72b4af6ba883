import { describe, expect, test } from 'vitest';
import { BUSYBOX, docker } from '../../test/support/engine.ts';
import { hostMountsNaming, lockable } from '../../test/support/lockable.ts';

/** A lock takes a second where the machine is busy. */
const PATIENCE = { timeout: 20_000 };
const READ_ONLY = /Read-only file system/;
/** Writes all the time, and says in memory what came of it. */
const BEATS =
  'while :; do if echo x > /srv/beat; then echo written; else echo refused; fi > /dev/shm/beat 2>&1; sleep 0.05; done';
const HOLDS = 'exec 9> /var/held; touch /dev/shm/started; while :; do echo more >&9; sleep 0.05 9>&-; done';

describe.each([BUSYBOX, 'debian:bookworm-slim'])('lock, on %s', (image) => {
  test('refuses writes to a process that runs already, and unlock allows them again', async () => {
    await using web = await lockable({ image, command: ['sh', '-c', `mkdir -p /srv; ${BEATS}`] });
    const before = await web.mounts();
    expect(await web.lock()).toMatchObject({ state: 'locked', method: 'root', held: [], warnings: [] });
    await expect.poll(() => web.tell('tail -n 1 /dev/shm/beat'), PATIENCE).toBe('refused');
    for (const path of ['/new', '/srv/new', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf']) {
      expect(await web.tell(`echo x >> ${path}`)).toMatch(READ_ONLY);
    }
    const { undone } = await web.unlock();
    expect(undone).toContain('/');
    await expect.poll(() => web.tell('cat /dev/shm/beat'), PATIENCE).toBe('written');
    expect(await web.mounts()).toBe(before);
  });

  test('locks everything but the file that a process has open for writing, and says who', async () => {
    await using web = await lockable({ image });
    await web.container.sh('mkdir -p /var /srv/deep; touch /file');
    const before = await web.mounts();
    await web.begin(HOLDS);
    const report = await web.lock();
    expect(report).toMatchObject({
      state: 'partial',
      method: 'covers',
      held: [{ how: 'descriptor', path: '/var/held', exe: expect.stringMatching(/busybox|dash/) }],
      writable: expect.arrayContaining([{ path: '/', because: expect.any(String), intended: false }]),
    });
    const [holder] = report.held;
    for (const path of ['/var/new', '/var/held', '/srv/deep/new', '/etc/passwd', '/file']) {
      expect(await web.tell(`echo x >> ${path}`)).toMatch(READ_ONLY);
    }
    const size = Number(await web.tell('wc -c < /var/held'));
    await expect
      .poll(async () => Number(await web.tell('wc -c < /var/held')), PATIENCE)
      .toBeGreaterThan(size);

    // Once the writer is gone, locking again locks the rest.
    process.kill(holder?.pid ?? 0, 'SIGKILL');
    await expect.poll(async () => (await web.lock()).state, PATIENCE).toBe('locked');
    expect(await web.tell('echo x > /new')).toMatch(READ_ONLY);
    await web.unlock();
    expect(await web.mounts()).toBe(before);
  });
});

describe('lock', () => {
  test('says who writes on by relative paths, where the root cannot be locked as a whole', async () => {
    await using web = await lockable();
    await web.container.sh('mkdir -p /srv/deep /var');
    await web.begin(HOLDS);
    await web.begin('cd /srv/deep; touch /dev/shm/started; while :; do echo x > here; sleep 0.05; done');
    const { held } = await web.lock();
    expect(held).toContainEqual(expect.objectContaining({ how: 'directory', path: '/srv/deep' }));
  });

  test('keeps what is allowed writable, and adjusts it when it is locked again', async () => {
    await using web = await lockable();
    await web.container.sh('mkdir -p /srv/a/deep /srv/b; echo 1 > /srv/file');
    const before = await web.mounts();
    const writes = (...paths: string[]) =>
      web.tell(paths.map((path) => `(echo x >> ${path}) 2>/dev/null && echo ${path}`).join('; '));
    const all = ['/srv/a/deep/x', '/srv/b/x', '/srv/file', '/srv/x', '/x', '/etc/hosts', '/dev/x'];

    expect(await web.lock('/srv/a', '/srv/file')).toMatchObject({ state: 'locked', method: 'root' });
    expect(await writes(...all)).toBe('/srv/a/deep/x\n/srv/file\n/dev/x');
    const adjusted = await web.lock('/srv/b', '/etc/hosts', '/dev');
    expect(adjusted).toMatchObject({ state: 'locked', method: 'root', noexec: [] });
    expect(
      adjusted.writable
        .filter(({ because }) => because === 'it is allowed')
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['/dev', '/dev/shm', '/etc/hosts', '/srv/b']);
    expect(await writes(...all)).toBe('/srv/b/x\n/etc/hosts\n/dev/x');
    expect(await web.lock()).toMatchObject({ state: 'locked' });
    expect(await writes(...all)).toBe('/dev/x');
    await web.unlock();
    expect(await web.mounts()).toBe(before);
    expect(await writes(...all)).toBe(all.join('\n'));
  });

  test('does not lock out a process that is in an allowed directory', async () => {
    await using web = await lockable();
    await web.container.sh('mkdir -p /srv/data /var');
    // It comes through the root's own mount, which a lock of the root as a whole would close to it.
    await web.begin('cd /srv/data; touch /dev/shm/started; while :; do echo x >> log; sleep 0.05; done');
    expect(await web.lock('/srv/data')).toMatchObject({ method: 'covers', held: [] });
    const size = Number(await web.tell('wc -c < /srv/data/log'));
    await expect
      .poll(async () => Number(await web.tell('wc -c < /srv/data/log')), PATIENCE)
      .toBeGreaterThan(size);
    expect(await web.tell('echo x > /srv/new; echo x > /var/new')).toMatch(/Read-only.*\n.*Read-only/);
    expect(await web.tell('echo x > /srv/data/new')).toBe('');
  });

  test('opens a root that was locked as a whole for a process in what is allowed now', async () => {
    await using web = await lockable();
    await web.container.sh('mkdir -p /srv/data');
    const before = await web.mounts();
    await web.lock();
    await web.begin('cd /srv/data; touch /dev/shm/started; while :; do echo x >> log; sleep 0.05; done');
    await web.lock('/srv/data');
    await expect.poll(() => web.tell('wc -c < /srv/data/log'), PATIENCE).toMatch(/^[1-9]/);
    expect(await web.tell('echo x > /srv/new')).toMatch(READ_ONLY);
    await web.unlock();
    expect(await web.mounts()).toBe(before);
  });

  test('leaves volumes writable and memory without programs', async () => {
    await using web = await lockable({
      options: ['-v', '/data', '--tmpfs', '/cache:exec', '--tmpfs', '/run/x'],
    });
    const before = await web.mounts();
    const report = await web.lock();
    expect(report).toMatchObject({ state: 'locked' });
    expect([...report.noexec].sort()).toEqual(['/cache', '/dev', '/dev/shm', '/run/x']);
    expect(report.writable).toContainEqual({
      path: '/data',
      because: expect.stringMatching(/^it is the volume [0-9a-f]{64}$/),
      intended: true,
    });
    const run = (folder: string) => web.tell(`cp /bin/busybox ${folder}/sh && ${folder}/sh -c 'echo ran'`);
    expect(await run('/cache')).toMatch(/Permission denied/);
    expect(await run('/dev')).toMatch(/Permission denied/);
    expect(await run('/data')).toBe('ran');
    await web.unlock();
    expect(await web.mounts()).toBe(before);
    expect(await run('/cache')).toBe('ran');
  });

  test('says that root can undo it where the container has CAP_SYS_ADMIN', async () => {
    await using web = await lockable({ options: ['--cap-add', 'SYS_ADMIN'] });
    expect((await web.lock()).warnings.join()).toMatch(/CAP_SYS_ADMIN/);
  });

  test('locks another mount of the root’s own files, and tells of mounts that the engine does not know', async () => {
    await using web = await lockable({
      options: ['--cap-add', 'SYS_ADMIN', '--security-opt', 'apparmor=unconfined'],
    });
    await web.container.sh('mkdir -p /again /other; mount -o bind / /again; mount -t ramfs x /other');
    const report = await web.lock();
    expect(report.noexec).toContain('/other');
    expect(await web.tell('echo x > /again/etc/new')).toMatch(READ_ONLY);
  });

  test('locks a container that is paused', async () => {
    await using web = await lockable();
    await docker('pause', web.container.id);
    expect(await web.lock()).toMatchObject({ state: 'locked' });
    await docker('unpause', web.container.id);
    expect(await web.tell('echo x > /new')).toMatch(READ_ONLY);
  });

  test('mounts nothing on the host, and a locked container can be removed', async () => {
    await using web = await lockable();
    await web.container.sh('mkdir -p /var');
    await web.begin(HOLDS);
    const { overlay } = await web.target();
    const names = overlay?.upper.replace(/\/diff$/, '') ?? '';
    const before = hostMountsNaming(names);
    expect(before).toHaveLength(1);
    await web.lock('/var');
    expect(hostMountsNaming(names)).toEqual(before);
    await docker('rm', '-f', web.container.id);
    expect(hostMountsNaming(names)).toEqual([]);
  });
});
