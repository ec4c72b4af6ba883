import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hostMountsNaming, lockable } from '../../test/support/lockable.ts';
import { packageRoot } from '../kernel/index.ts';

const HOLDS = 'exec 9> /held; touch /dev/shm/started; exec sleep 1000';

describe('lock', () => {
  test('covers what has any name, and follows no link', async () => {
    await using web = await lockable();
    const outside = mkdtempSync(join(tmpdir(), 'pristine-test-outside-'));
    onTestFinished(() => rmSync(outside, { recursive: true }));
    await web.container.sh(`
      mkdir "/$(printf 'line\\nend')" '/two  words' "/$(printf 'bad\\377')" '/back\\134slash' /-o
      ln -s /proc/1/root /to-proc; ln -s ${outside} /to-host; ln -s ../../../../../.. /up; ln -s /etc /to-etc`);
    const before = await web.mounts();
    await web.begin(HOLDS);
    const report = await web.lock();
    expect(report.readOnly).toEqual(
      expect.arrayContaining(['/line\nend', '/two  words', '/bad\udcff', '/back\\134slash', '/-o']),
    );
    expect(report.readOnly.filter((path) => path.startsWith('/to-') || path === '/up')).toEqual([]);
    const written = await web.tell(
      'for d in /line* /two* /bad* /back* /-o /to-etc; do echo x > "$d/x" && echo "$d"; done',
    );
    expect(written).not.toMatch(/^\//m);
    writeFileSync(join(outside, 'still-writable'), '');
    await web.unlock();
    expect(await web.mounts()).toBe(before);
  });

  test('allows nothing that is missing or reached through a link', async () => {
    await using web = await lockable();
    await web.container.sh('mkdir -p /srv/a; ln -s /srv/a /link; ln -s / /srv/up');
    const before = await web.mounts();
    await expect(web.lock('/link')).rejects.toMatchObject({ code: 'E_UNSAFE_PATH' });
    await expect(web.lock('/srv/up/etc')).rejects.toMatchObject({ code: 'E_NO_SUCH_PATH' });
    await expect(web.lock('/srv/missing')).rejects.toMatchObject({ code: 'E_NO_SUCH_PATH' });
    expect(await web.mounts()).toBe(before);
    expect(await web.lock('/srv/a')).toMatchObject({ state: 'locked' });
  });

  test('knows a volume that is mounted where a link leads', async () => {
    const source = mkdtempSync(join(tmpdir(), 'pristine-test-volume-'));
    onTestFinished(() => rmSync(source, { recursive: true }));
    // The image's /var/run is a link to /run.
    await using web = await lockable({
      image: 'debian:bookworm-slim',
      options: ['-v', `${source}:/var/run/app`],
    });
    expect(await web.lock()).toMatchObject({
      state: 'locked',
      writable: expect.arrayContaining([
        { path: '/run/app', because: `it is ${source} of the host`, intended: true },
      ]),
    });
  });

  test('covers no more than it can count in a root directory full of names', async () => {
    await using web = await lockable();
    await web.container.sh('i=0; while [ $i -lt 300 ]; do mkdir /d$i; i=$((i+1)); done');
    const before = await web.mounts();
    await web.begin(HOLDS);
    const { readOnly, writable } = await web.lock();
    expect(readOnly.length).toBeLessThan(270);
    expect(writable.map(({ because }) => because).join()).toMatch(
      /\d+ of the files and directories .* too many/,
    );
    await web.unlock();
    expect(await web.mounts()).toBe(before);
  });

  test('finds a file that is mapped into memory, with no descriptor left', async () => {
    await using web = await lockable();
    await web.container.sh('mkdir -p /var; head -c 4096 /dev/zero > /var/mapped');
    const { pid } = await web.target();
    // Nothing in the image maps files: a process of the test does, and then joins the container.
    const program = `
      import { native } from '${packageRoot}/src/linux/libc.ts';
      import { joinMountNamespace } from '${packageRoot}/src/linux/mounts.ts';
      import { closeSync, openSync, writeSync } from 'node:fs';
      const mmap = native('int64 mmap(int64 a, size_t length, int access, int flags, int fd, int64 offset)');
      const file = openSync('/proc/${pid}/root/var/mapped', 'r+');
      const namespace = openSync('/proc/${pid}/ns/mnt', 'r');
      if (mmap(0, 4096, 3, 1, file, 0) < 0) throw new Error('mmap');
      closeSync(file);
      joinMountNamespace(namespace);
      writeSync(1, 'ready');
      setInterval(() => {}, 1000);`;
    const mapper = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void mapper.kill('SIGKILL'));
    await new Promise((resolve) => mapper.stdout.once('data', resolve));
    const { state, held } = await web.lock();
    expect(state).toBe('partial');
    expect(held).toEqual([{ pid: mapper.pid, exe: expect.any(String), path: '/var/mapped', how: 'mapping' }]);
  });

  test('leaves mounts alone that a volume shares with the host', async () => {
    const shared = mkdtempSync(join(tmpdir(), 'pristine-test-shared-'));
    const mount = (...args: string[]) => execFileSync('mount', args);
    mount('-t', 'tmpfs', 'pristine-test', shared);
    onTestFinished(() => {
      execFileSync('umount', ['-R', shared]);
      rmSync(shared, { recursive: true });
    });
    mount('--make-shared', shared);
    mkdirSync(join(shared, 'nested'));
    mount('-t', 'tmpfs', 'pristine-test', join(shared, 'nested'));
    writeFileSync(join(shared, 'nested', 'kept'), '');
    await using web = await lockable({ options: ['-v', `${shared}:/srv/shared:rshared`] });
    const [before, host] = [await web.mounts(), hostMountsNaming(shared)];
    await web.begin(HOLDS);
    expect((await web.lock()).readOnly).toContain('/srv');
    expect(hostMountsNaming(shared)).toEqual(host);
    await web.unlock();
    expect(hostMountsNaming(shared)).toEqual(host);
    expect(readdirSync(join(shared, 'nested'))).toEqual(['kept']);
    expect(await web.mounts()).toBe(before);
  });
});

test('the process in a container’s namespace ends with its parent’s interest', async () => {
  await using web = await lockable();
  await web.lock();
  const { pid } = await web.target();
  const namespace = readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
  const ours = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return (
          readFileSync(`/proc/${name}/mountinfo`, 'utf8') === namespace &&
          readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('namespace-process')
        );
      } catch {
        return false;
      }
    });
  expect(ours).toEqual([]);
});
