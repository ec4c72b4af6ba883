import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUSYBOX, docker, startContainer, testLabel } from '../../../test/support/engine.ts';
import { type Engine, findEngine } from '../../engine/index.ts';
import { installPackages, run } from '../../host/index.ts';
import { emitCompose } from './compose.ts';
import { mountAt, planFor, strict } from './test-support/plans.ts';

const directory = mkdtempSync(join(tmpdir(), 'pristine-emit-'));
let engine: Engine;
beforeAll(async () => {
  await installPackages(['docker-compose'], 'a test with docker-compose', (sentence) =>
    console.error(sentence),
  );
  engine = await findEngine({ env: process.env, stateDirectory: directory });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function compose(project: string, ...args: string[]): Promise<string> {
  const result = await run('docker-compose', ['-p', project, ...args], { cwd: directory });
  if (result.code !== 0) throw new Error(`docker-compose ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

const COMMAND = ['sh', '-c', 'trap exit TERM; while :; do sleep 1; done'];
const PLACES = [
  mountAt('/run', { mode: 0o750, uid: 33, gid: 34 }),
  mountAt('/srv/$data', { kind: 'volume', size: null, inodes: null, exec: true }),
];

async function expectHardened(id: string): Promise<void> {
  expect(await docker('exec', id, 'stat', '-c', '%u:%g %a', '/run')).toBe('33:34 750');
  expect(await docker('exec', id, 'id')).toContain('uid=33 gid=34 groups=34,44');
  await expect(docker('exec', id, 'touch', '/x')).rejects.toThrow(/Read-only/);
  expect(await docker('exec', id, 'cat', '/proc/1/status')).toMatch(
    /CapBnd:\s0000000000000001\n[\s\S]*NoNewPrivs:\s1/,
  );
  const { security, mounts } = await engine.inspect(id);
  expect(security).toMatchObject({ memoryLimit: 64 * 1024 ** 2, pidsLimit: 64, readOnlyRoot: true });
  expect(mounts.map(({ destination }) => destination)).toContain('/srv/$data');
}

test.each([['3.8'], [null]])('an override is laid over a file of version %s', async (version) => {
  const project = `pristine${randomBytes(4).toString('hex')}`;
  const [label = '', value] = testLabel().split('=');
  const service = { image: BUSYBOX, command: COMMAND, labels: { [label]: value }, network_mode: 'none' };
  const file = { ...(version === null ? {} : { version }), services: { on: service } };
  writeFileSync(join(directory, 'compose.json'), JSON.stringify(file));
  try {
    await compose(project, '-f', 'compose.json', 'up', '-d');
    const details = await engine.inspect(`${project}_on_1`);
    writeFileSync(join(directory, 'hardened.yml'), emitCompose(details, planFor(details, strict(...PLACES))));
    const files = ['-f', 'compose.json', '-f', 'hardened.yml'];
    await compose(project, ...files, 'config', '--quiet');
    await compose(project, ...files, 'up', '-d');
    await expectHardened(`${project}_on_1`);
  } finally {
    await compose(project, '-f', 'compose.json', '-f', 'hardened.yml', 'down', '-v');
  }
});

test('of a container that Compose did not make, the whole service is given', async () => {
  const project = `pristine${randomBytes(4).toString('hex')}`;
  await using network = {
    [Symbol.asyncDispose]: async () => void (await run('docker', ['network', 'rm', project])),
  };
  void network;
  await docker('network', 'create', '--label', testLabel(), project);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Compose.
  const hostile = '\'"$(id) ${HOME} # y\u001b\u202e\n- x: é';
  await using original = await startContainer({
    options: [
      ...[
        '--network',
        project,
        '--network-alias',
        'front',
        '-e',
        `A=${hostile}`,
        '-e',
        'B=yes',
        '-e',
        'C=a\u202eb',
        '--label',
        `l=${hostile}`,
      ],
      ...[
        '--hostname',
        'known',
        '--workdir',
        '/tmp',
        '--restart',
        'on-failure:2',
        '--stop-timeout',
        '1',
        '--init',
      ],
      ...[
        '--health-cmd',
        'true',
        '--health-interval',
        '90s',
        '--ulimit',
        'nofile=100:200',
        '--shm-size',
        '2m',
      ],
      ...[
        '-v',
        '/anonymous',
        '-v',
        '/usr/share:/bound:ro',
        '-p',
        '127.0.0.1::80',
        '--add-host',
        'db:192.0.2.1',
      ],
      ...['--sysctl', 'net.ipv4.ip_unprivileged_port_start=80', '--cpus', '0.5', '--log-opt', 'max-size=1m'],
    ],
    command: [...COMMAND, '$HOME'],
  });
  const details = await engine.inspect(original.id);
  const text = emitCompose(details, planFor(details, strict(...PLACES)));
  expect(text).not.toMatch(/[^\P{C}\n]/u);
  writeFileSync(join(directory, 'whole.yml'), text);
  try {
    await compose(project, '-f', 'whole.yml', 'up', '-d');
    const id = await compose(project, '-f', 'whole.yml', 'ps', '-q');
    await expectHardened(id.trim());
    const after = await engine.inspect(id.trim());
    expect(after.security.environment).toEqual(expect.arrayContaining([...details.security.environment]));
    expect(after.labels).toMatchObject({ l: hostile });
    expect(after).toMatchObject({
      entrypoint: details.entrypoint,
      workingDirectory: '/tmp',
      networks: [project],
    });
    expect(after.raw).toMatchObject({
      Config: { Hostname: 'known', Healthcheck: { Interval: 90e9 } },
      HostConfig: {
        ...{
          RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 },
          Init: true,
          ShmSize: 2 << 20,
          NanoCpus: 5e8,
        },
        ...{ Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }], ExtraHosts: ['db:192.0.2.1'] },
      },
    });
  } finally {
    await compose(project, '-f', 'whole.yml', 'down', '-v', '--timeout', '1');
  }
});
