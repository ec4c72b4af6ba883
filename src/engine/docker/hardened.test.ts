import { expect, test } from 'vitest';
import { docker, startContainer } from '../../../test/support/engine.ts';
import { testEngine } from '../../../test/support/evidence.ts';
import { temporaryState } from '../../../test/support/guard.ts';
import type { HardenedConfiguration } from '../../contract/index.ts';

const mount = { uid: 33, gid: 34, mode: 0o750, exec: false, hydrated: false, reasons: ['it is written'] };
const CONFIGURATION: HardenedConfiguration = {
  readOnlyRoot: true,
  mounts: [
    { ...mount, path: '/run/app', kind: 'tmpfs', size: 1 << 20, inodes: 100 },
    { ...mount, path: '/var/lib/app', kind: 'volume', size: null, inodes: null },
    { ...mount, path: '/own', kind: 'volume', size: null, inodes: null },
  ],
  ...{ capabilities: ['KILL', 'CHOWN'], noNewPrivileges: true, user: '33:34', groups: [4] },
  ...{ pidsLimit: 77, memoryLimit: 64 << 20, defaultSeccomp: true },
};

test('a replacement has the configuration laid over it, with what was carried over, and nothing unexplained', async () => {
  using state = temporaryState();
  const engine = await testEngine(state.path);
  await using live = await startContainer({
    options: ['--security-opt', 'seccomp=unconfined', '-v', '/own', '--group-add', '5'],
  });
  const request = {
    labels: { 'pristine.replaces': live.id },
    suspectName: `${live.name}-suspect`,
    hardening: CONFIGURATION,
    carry: ['/var/lib/app', '/run/app', '/nowhere'],
  };
  const volume = `${live.name}-var-lib-app`;
  try {
    await live.sh(
      'mkdir -p /var/lib/app/sub; echo kept > /var/lib/app/sub/x; ln -s /etc/shadow /var/lib/app/l',
    );
    await engine.stop(live.id, 'kill');
    const { id, name } = await engine.replacePristine(live.id, request);
    expect(name).toBe(live.name);
    const inside = (script: string) => docker('exec', id, 'sh', '-c', script);
    expect(await inside('touch /x 2>&1; id; stat -c "%u:%g %a" /run/app /var/lib/app')).toBe(
      'touch: /x: Read-only file system\nuid=33 gid=34 groups=4,5,34\n33:34 750\n33:34 750',
    );
    expect(await inside('cat /var/lib/app/sub/x; readlink /var/lib/app/l; ls /run/app')).toBe(
      'kept\n/etc/shadow',
    );
    expect(await inside('grep " /run/app " /proc/mounts')).toMatch(/rw,nosuid,nodev,noexec.*size=1024k/);
    expect(await inside('grep -E "CapBnd|NoNewPrivs|Seccomp:" /proc/1/status')).toBe(
      'CapBnd:\t0000000000000021\nNoNewPrivs:\t1\nSeccomp:\t2',
    );
    const volumes = await docker('inspect', '-f', '{{range .Mounts}}{{.Name}} {{end}}', live.id);
    expect(await docker('inspect', '-f', '{{range .Mounts}}{{.Name}} {{end}}', id)).toContain(volumes.trim());
    expect(await docker('volume', 'inspect', '-f', '{{json .Labels}}', volume)).toBe(
      `{"pristine.volume-of":"${live.name}"}`,
    );
    const differences = await engine.compareReplacement(live.id, id);
    expect(differences.filter(({ because }) => because === null)).toEqual([]);
    expect(differences.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['HostConfig.ReadonlyRootfs', 'HostConfig.CapAdd', 'Config.User']),
    );
    // What was laid over stays, and nothing is laid over twice.
    await engine.stop(id, 'kill');
    const again = await engine.replacePristine(id, {
      ...{ labels: { 'pristine.replaces': id }, suspectName: `${live.name}-suspect-2` },
      hardening: CONFIGURATION,
    });
    const further = await engine.compareReplacement(id, again.id);
    expect(further.filter(({ because }) => because === null)).toEqual([]);
    expect(await docker('exec', again.id, 'cat', '/var/lib/app/sub/x')).toBe('kept');
  } finally {
    for (const name of [live.name, `${live.name}-suspect-2`])
      await docker('rm', '-f', '-v', name).catch(() => {});
    await docker('volume', 'rm', volume);
  }
});

test('a member that is not as the configuration has it stays unexplained', async () => {
  using state = temporaryState();
  const engine = await testEngine(state.path);
  await using live = await startContainer();
  await engine.stop(live.id, 'kill');
  const hardening = { ...CONFIGURATION, mounts: [], capabilities: ['CHOWN'] };
  const label = JSON.stringify({ ...hardening, pidsLimit: 78 });
  await using other = await startContainer({
    start: false,
    options: [
      ...['--label', `pristine.hardening=${label}`, '--read-only', '--cap-drop', 'ALL', '--user', '33:34'],
      ...['--cap-add', 'SYS_ADMIN', '--pids-limit', '78', '-v', '/new', '--memory', '1g', '--privileged'],
    ],
  });
  const differences = await engine.compareReplacement(live.id, other.id);
  const unexplained = differences.filter(({ because }) => because === null).map(({ path }) => path);
  expect(unexplained).toEqual(
    expect.arrayContaining([
      'HostConfig.CapAdd',
      'HostConfig.Memory',
      'Mounts./new.RW',
      'HostConfig.Privileged',
    ]),
  );
  // Those are as the label says.
  for (const path of [
    'HostConfig.CapDrop',
    'HostConfig.PidsLimit',
    'HostConfig.ReadonlyRootfs',
    'Config.User',
  ])
    expect(unexplained).not.toContain(path);
});
