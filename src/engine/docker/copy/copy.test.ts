import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { leftOfCopies } from '../../../../test/support/copies.ts';
import { docker, startContainer } from '../../../../test/support/engine.ts';
import { testEngine } from '../../../../test/support/evidence.ts';
import { temporaryState } from '../../../../test/support/guard.ts';
import type { HardenedConfiguration } from '../../../contract/index.ts';

const PLAIN = { labels: {}, configuration: null, mostData: 64 << 20 };

test('a copy has its own data and network, and the live container does not notice', async () => {
  using state = temporaryState();
  const engine = await testEngine(state.path);
  await using live = await startContainer({ options: ['-v', '/data', '-p', '127.0.0.1::80'] });
  await live.sh(
    'echo live > /data/x; ln -s /etc/shadow /data/link; mkfifo /data/pipe; chown 7:8 /data/x; echo y > /root-file',
  );
  const copy = await engine.createCopy(live.id, PLAIN);
  const { address } = await engine.startCopy(copy.id);
  expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  const inside = (script: string) => docker('exec', copy.id, 'sh', '-c', script);
  expect(
    await inside(
      'cat /data/x; readlink /data/link; test -p /data/pipe; stat -c %u:%g /data/x; ls /root-file 2>&1 || true',
    ),
  ).toBe('live\n/etc/shadow\n7:8\nls: /root-file: No such file or directory');
  await inside('echo copy > /data/x');
  expect(await live.sh('cat /data/x')).toBe('live');
  expect(await docker('port', copy.id)).toBe('');
  const routes = await inside('ip route');
  expect(routes).not.toMatch(/^default via 172\.17/m);
  await engine.removeCopy(copy.id);
  expect(await leftOfCopies(live.id)).toEqual([]);
});

test('it finds copies of its companions by their names, and never the live ones', async () => {
  using state = temporaryState();
  const engine = await testEngine(state.path);
  const network = `pristine-test-${randomBytes(4).toString('hex')}`;
  await docker('network', 'create', '--label', 'pristine.test', network);
  try {
    await using db = await startContainer({
      options: ['--network', network, '--network-alias', 'database', '-v', '/rows'],
    });
    await using live = await startContainer({ options: ['--network', network] });
    await db.sh('echo secret > /rows/one');
    const copy = await engine.createCopy(live.id, PLAIN);
    await engine.startCopy(copy.id);
    const names = await docker(
      'exec',
      copy.id,
      'sh',
      '-c',
      `ping -c 1 -W 2 database >/dev/null && ping -c 1 -W 2 ${db.name} | head -1`,
    );
    const addressOf = async (id: string) =>
      docker('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', id);
    expect(names).not.toContain(await addressOf(db.id));
    const members = (
      await docker('ps', '-q', '--no-trunc', '--filter', 'label=pristine.copy-companion')
    ).split('\n');
    const companion = members.find(Boolean) ?? '';
    expect(names).toContain(await addressOf(companion));
    expect(await docker('exec', companion, 'cat', '/rows/one')).toBe('secret');
    await engine.removeCopies(live.id);
    expect(await leftOfCopies(live.id)).toEqual([]);
  } finally {
    await docker('network', 'rm', network);
  }
});

test('a hardened configuration is in force, and volumes outlast a restart while a tmpfs does not', async () => {
  using state = temporaryState();
  const engine = await testEngine(state.path);
  await using live = await startContainer();
  const mount = { uid: 33, gid: 34, mode: 0o750, exec: false, hydrated: false, reasons: [] };
  const configuration: HardenedConfiguration = {
    readOnlyRoot: true,
    mounts: [
      { ...mount, path: '/run/app', kind: 'tmpfs', size: 1 << 20, inodes: 100 },
      { ...mount, path: '/var/lib/app', kind: 'volume', size: null, inodes: null },
      { ...mount, path: '/bin', kind: 'volume', size: null, inodes: null, hydrated: true },
    ],
    ...{ capabilities: ['CHOWN'], noNewPrivileges: true, user: '33:34', groups: [4] },
    ...{ pidsLimit: 77, memoryLimit: 64 << 20, defaultSeccomp: true },
  };
  const copy = await engine.createCopy(live.id, { ...PLAIN, configuration });
  await engine.startCopy(copy.id);
  const inside = (script: string) => docker('exec', copy.id, 'sh', '-c', script);
  expect(
    await inside('touch /x 2>&1; id; stat -c "%u:%g %a" /run/app /var/lib/app; ls /bin | grep busybox'),
  ).toBe('touch: /x: Read-only file system\nuid=33 gid=34 groups=4,34\n33:34 750\n33:34 750\nbusybox');
  expect(await inside('grep " /run/app " /proc/mounts')).toMatch(
    /rw,nosuid,nodev,noexec.*size=1024k,nr_inodes=100,mode=750,uid=33,gid=34/,
  );
  expect(await inside('grep -E "CapBnd|NoNewPrivs" /proc/1/status')).toBe(
    'CapBnd:\t0000000000000001\nNoNewPrivs:\t1',
  );
  await inside('echo a > /run/app/a; echo b > /var/lib/app/b');
  await engine.stop(copy.id, 'kill');
  await engine.startCopy(copy.id);
  expect(await inside('cat /run/app/a /var/lib/app/b 2>&1 || true')).toBe(
    "cat: can't open '/run/app/a': No such file or directory\nb",
  );
  expect(await docker('inspect', '-f', '{{.HostConfig.PidsLimit}} {{.HostConfig.Memory}}', copy.id)).toBe(
    '77 67108864',
  );
  await engine.removeCopy(copy.id);
  expect(await leftOfCopies(live.id)).toEqual([]);
});

test('more data than wanted is not copied, and that is said', async () => {
  using state = temporaryState();
  const engine = await testEngine(state.path);
  await using live = await startContainer({ options: ['-v', '/data'] });
  await live.sh('head -c 3000000 /dev/urandom > /data/big');
  const copy = await engine.createCopy(live.id, { ...PLAIN, mostData: 1 << 20 });
  expect(copy.differences.join()).toMatch(/data at \/data .* too large/);
  await engine.startCopy(copy.id);
  expect(await docker('exec', copy.id, 'ls', '/data')).toBe('');
  await engine.removeCopies(live.id);
});

test('the socket of an engine, and namespaces of the host, are not given to a copy', async () => {
  using state = temporaryState();
  const engine = await testEngine(state.path);
  await using live = await startContainer({
    options: [
      '-v',
      `${(process.env.DOCKER_HOST ?? '').replace('unix://', '')}:/var/run/docker.sock`,
      '--pid',
      'host',
    ],
  });
  const copy = await engine.createCopy(live.id, PLAIN);
  await engine.startCopy(copy.id);
  expect(copy.differences).toEqual([
    "It does not have what is mounted at /var/run/docker.sock: it is the engine's socket.",
    "Its processes are its own, not the host's or another container's.",
  ]);
  expect(
    await docker(
      'exec',
      copy.id,
      'sh',
      '-c',
      'ls /var/run/docker.sock 2>&1 || true; ls -d /proc/[0-9]* | wc -l',
    ),
  ).toMatch(/No such file or directory\n[0-9]$/);
  await engine.removeCopies(live.id);
});
