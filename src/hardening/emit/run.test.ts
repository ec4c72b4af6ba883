import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker, startContainer, testLabel } from '../../../test/support/engine.ts';
import { type Engine, findEngine } from '../../engine/index.ts';
import { run } from '../../host/index.ts';
import { emitRun } from './run.ts';
import { shellWord } from './shell.ts';
import { AS_IT_IS, mountAt, planFor, strict } from './test-support/plans.ts';

const network = `pristine-test-emit-${process.pid}`;
let engine: Engine;
let richImage: string;

beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory: '/nowhere' });
  await docker('network', 'create', '--label', testLabel(), network);
  await docker('network', 'create', '--label', testLabel(), `${network}-2`);
  await using base = await startContainer();
  const [label = '', value = ''] = testLabel().split('=');
  const changes = [
    ...[`LABEL ${label}=${value}`, 'LABEL own=image', 'ENV A=image', 'WORKDIR /tmp', 'USER 7', 'EXPOSE 80'],
    ...['ENTRYPOINT ["/bin/sleep"]', 'CMD ["1000"]', 'HEALTHCHECK CMD ["/bin/true"]'],
  ];
  richImage = await docker('commit', ...changes.flatMap((change) => ['--change', change]), base.id);
});
afterAll(async () => {
  await run('docker', ['rmi', '-f', richImage]);
  await run('docker', ['network', 'rm', network, `${network}-2`]);
});

/** Puts a container that was emitted in the place of another one. */
async function inPlaceOf(name: string, script: string): Promise<string> {
  await docker('rename', name, `${name}-before`);
  await docker('stop', '--time', '0', `${name}-before`);
  const { code, stdout, stderr } = await run('sh', [], { input: script });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout.trim();
}

const sorted = (list: readonly unknown[]) => list.map((one) => JSON.stringify(one)).sort();

const HOSTILE = '\'"$(touch /tmp/pwned)`id`\\ \n# x\u001b[31m\t$HOME é';

const CASES: [string, string[]][] = [
  [
    'process',
    [
      ...['-e', `HOSTILE=${HOSTILE}`, '-e', 'EMPTY=', '--label', `hostile=${HOSTILE}`, '--hostname', 'known'],
      ...['--domainname', 'example.test', '--user', '1000:1000', '--group-add', '7', '--workdir', '/tmp'],
      ...[
        '--restart',
        'on-failure:3',
        '--stop-signal',
        'SIGUSR1',
        '--stop-timeout',
        '3',
        '--init',
        '-t',
        '-i',
      ],
      ...[
        '--health-cmd',
        'true "a b"',
        '--health-interval',
        '90s',
        '--health-retries',
        '4',
        '--log-opt',
        'max-size=1m',
      ],
    ],
  ],
  [
    'places and privileges',
    [
      ...['--tmpfs', '/scratch:size=1m,mode=700', '--shm-size', '2m', '--cap-drop', 'MKNOD'],
      ...[
        '--cap-add',
        'NET_ADMIN',
        '--security-opt',
        'no-new-privileges',
        '--security-opt',
        'systempaths=unconfined',
      ],
      ...['--device', '/dev/null:/dev/nothing:r', '-v', '/anonymous', '-v', '/usr/share:/bound:ro'],
      ...[
        '--mount',
        'type=tmpfs,dst=/memory,tmpfs-size=65536,tmpfs-mode=0700',
        '--mount',
        'type=volume,"dst=/a,b"',
      ],
    ],
  ],
  [
    'limits',
    [
      ...[
        '--memory',
        '64m',
        '--memory-reservation',
        '32m',
        '--pids-limit',
        '50',
        '--cpus',
        '0.5',
        '--cpu-shares',
        '100',
      ],
      ...[
        '--oom-score-adj',
        '300',
        '--ulimit',
        'nofile=100:200',
        '--sysctl',
        'net.ipv4.ip_unprivileged_port_start=80',
      ],
    ],
  ],
  [
    'network',
    [
      ...[
        '--network',
        network,
        '--network-alias',
        'front',
        '--add-host',
        'db:192.0.2.1',
        '--dns',
        '192.0.2.53',
      ],
      ...['--dns-search', 'example.test', '-p', '127.0.0.1::80', '-p', '81/udp', '--expose', '82-83'],
    ],
  ],
  ['host network', ['--network', 'host', '--pid', 'host', '--ipc', 'host', '--uts', 'host']],
];

test.each(CASES)('the command makes the same container: %s', async (_, options) => {
  await using original = await startContainer({ options });
  const details = await engine.inspect(original.id);
  const id = await inPlaceOf(original.name, emitRun(details, planFor(details, AS_IT_IS)));
  try {
    expect((await engine.inspect(id)).name).toBe(original.name);
    const differences = await engine.compareReplacement(original.id, id);
    // Anonymous volumes have names by now, and an engine gives variables in any order.
    const told = /^(Name$|Config\.Env$|HostConfig\.(PortBindings|Mounts)|NetworkSettings\.Ports)/;
    expect(differences.filter(({ because, path }) => because === null && !told.test(path))).toEqual([]);
    const after = await engine.inspect(id);
    expect(sorted(after.security.environment)).toEqual(sorted(details.security.environment));
    expect(sorted(after.mounts)).toEqual(sorted(details.mounts));
  } finally {
    await docker('rm', '-f', '-v', id);
  }
});

test('what the image gives is not said again, and several networks are connected', async () => {
  await using original = await startContainer({
    image: richImage,
    options: ['--network', network],
    command: [],
  });
  await docker('network', 'connect', '--alias', 'back', `${network}-2`, original.name);
  const details = await engine.inspect(original.id);
  const script = emitRun(details, planFor(details, AS_IT_IS));
  expect(script).not.toMatch(/--env|--workdir|--user|--expose|--entrypoint|--health|--stop-signal|own=image/);
  const id = await inPlaceOf(original.name, script);
  try {
    const differences = await engine.compareReplacement(original.id, id);
    expect(differences.filter(({ because }) => because === null).map(({ path }) => path)).toEqual(['Name']);
    expect([...(await engine.inspect(id)).networks].sort()).toEqual([network, `${network}-2`]);
  } finally {
    await docker('rm', '-f', id);
  }
});

test('the plan is laid over it: places with their owners, privileges, limits', async () => {
  await using original = await startContainer({
    options: ['--security-opt', 'seccomp=unconfined', '--cap-add', 'NET_ADMIN'],
  });
  const details = await engine.inspect(original.id);
  const owned = { uid: 33, gid: 34, mode: 0o2770 };
  const configuration = strict(
    mountAt('/run', { mode: 0o755 }),
    mountAt('/run/inner', owned),
    mountAt('/srv/data set', { ...owned, kind: 'volume', size: null, inodes: null, exec: true }),
  );
  const id = await inPlaceOf(original.name, emitRun(details, planFor(details, configuration)));
  const { mounts } = await engine.inspect(id);
  try {
    const stat = await docker('exec', id, 'stat', '-c', '%u:%g %a', '/run', '/run/inner', '/srv/data set');
    expect(stat.split('\n')).toEqual(['0:0 755', '33:34 2770', '33:34 2770']);
    expect(await docker('exec', id, 'id')).toContain('uid=33 gid=34 groups=34,44');
    await expect(docker('exec', id, 'touch', '/x')).rejects.toThrow(/Read-only/);
    const status = await docker('exec', id, 'cat', '/proc/1/status');
    expect(status).toMatch(/NoNewPrivs:\s1/);
    expect(status).toMatch(/Seccomp:\s2/);
    expect(status).toMatch(/CapBnd:\s0000000000000001/);
    const { security } = await engine.inspect(id);
    expect(security).toMatchObject({ memoryLimit: 64 * 1024 ** 2, pidsLimit: 64, readOnlyRoot: true });
    expect(await docker('ps', '-a', '--filter', 'name=-owner', '--format', '{{.Names}}')).not.toContain(
      original.name,
    );
  } finally {
    await docker('rm', '-f', id);
    for (const { volume } of mounts) if (volume !== null) await docker('volume', 'rm', volume);
  }
});

test('a seccomp profile of its own goes along', async () => {
  const profile =
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}]}';
  const { stdout } = await run('sh', [
    '-c',
    `docker create --label ${testLabel()} --network none --security-opt seccomp=/dev/fd/3 --name ${network}-seccomp pristine-test-busybox:1 sleep 1000 3<<'E'\n${profile}\nE`,
  ]);
  await using _ = {
    [Symbol.asyncDispose]: async () =>
      void (await run('docker', ['rm', '-f', `${network}-seccomp`, `${network}-seccomp-before`])),
  };
  const details = await engine.inspect(stdout.trim());
  const id = await inPlaceOf(
    details.name,
    emitRun(details, planFor(details, { ...AS_IT_IS, noNewPrivileges: true })),
  );
  await expect(docker('exec', id, 'mkdir', '/x')).rejects.toThrow(/not permitted/);
});

test('an image whose name leads elsewhere by now is given by its id', async () => {
  await using original = await startContainer();
  const details = await engine.inspect(original.id);
  const command = (more: object) => emitRun({ ...details, ...more }, planFor(details, AS_IT_IS));
  expect(command({})).toMatch(/\n {2}pristine-test-busybox:1 sh -c/);
  expect(command({ imageTags: ['other:1'] })).toContain(`\n  ${details.imageId} sh -c`);
});

test('nothing in a word reaches the shell or the terminal', async () => {
  const words = [HOSTILE, '', '-x', '*', '~', '\u0085\u202e\udc80', "'", 'a\r\nb'];
  const script = `for w in ${words.map(shellWord).join(' ')}; do printf '%s|' "$w"; done`;
  expect(script).not.toMatch(/[^\P{C}\n]/u);
  const { stdout } = await run('sh', ['-c', script]);
  expect(stdout).toBe(words.map((word) => `${word.replace('\udc80', '\ufffd')}|`).join(''));
});

test('no line of a comment ends early', async () => {
  await using original = await startContainer();
  const details = await engine.inspect(original.id);
  const script = emitRun(details, planFor(details, strict(mountAt('/run'))));
  const before = script.slice(0, script.indexOf('docker run'));
  expect(
    before
      .trimEnd()
      .split('\n')
      .every((line) => line.startsWith('#')),
  ).toBe(true);
});
