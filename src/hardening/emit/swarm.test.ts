import { expect, test } from 'vitest';
import { startContainer } from '../../../test/support/engine.ts';
import { findEngine } from '../../engine/index.ts';
import { run } from '../../host/index.ts';
import { emitSwarm } from './swarm.ts';
import { mountAt, planFor, strict } from './test-support/plans.ts';

const PLACES = [
  mountAt('/run'),
  mountAt('/run/app', { uid: 33, gid: 33 }),
  mountAt('/srv/a b', { kind: 'volume', size: null, inodes: null, exec: true, uid: 33 }),
];

async function inspect(id: string) {
  const engine = await findEngine({ env: process.env, stateDirectory: '/nowhere' });
  return engine.inspect(id);
}

/** The command line understands all of it before it asks the engine, which is in no swarm and has none of its networks. */
async function expectUnderstood(script: string): Promise<void> {
  const { stderr } = await run('sh', [], { input: script });
  expect(stderr).toMatch(/This node is not a swarm manager|network host not found|No such network: host/);
}

test('a service is updated; what it has no option for is said', async () => {
  await using container = await startContainer({ options: ['--label', 'com.docker.swarm.service.name=web'] });
  const details = await inspect(container.id);
  const script = emitSwarm(details, planFor(details, strict(...PLACES)));
  expect(script.slice(script.indexOf('docker service update'))).toMatchInlineSnapshot(`
    "docker service update \\
      --read-only \\
      --mount-add type=tmpfs,target=/run,tmpfs-mode=755,tmpfs-size=16777216 \\
      --mount-add type=tmpfs,target=/run/app,tmpfs-mode=1777,tmpfs-size=16777216 \\
      --mount-add 'type=volume,source=web-srv-a_20b,target=/srv/a b' \\
      --cap-drop ALL \\
      --cap-add CHOWN \\
      --user 33:34 \\
      --group-add 44 \\
      --limit-memory 67108864 \\
      --limit-pids 64 \\
      web
    "
  `);
  expect(script).toContain(
    '# note: a service cannot give the tmpfs at /run/app to 33:33: anyone may write to it',
  );
  expect(script).toMatch(/# note: run this once before on each node, .* docker volume create web-srv/);
  await expectUnderstood(script);
});

test('a container of no service becomes one', async () => {
  await using container = await startContainer({
    options: [
      ...[
        '-e',
        'A=\'"$(id)\n# x',
        '--label',
        'l=b c',
        '--hostname',
        'known',
        '--workdir',
        '/tmp',
        '--init',
        '-t',
      ],
      ...[
        '--restart',
        'on-failure:2',
        '--stop-timeout',
        '1',
        '--health-cmd',
        'true',
        '--health-interval',
        '90s',
      ],
      ...['-v', '/usr/share:/bound:ro', '--tmpfs', '/scratch', '-p', '127.0.0.1::80', '--network', 'bridge'],
      ...[
        '--cpus',
        '0.5',
        '--ulimit',
        'nofile=100:200',
        '--sysctl',
        'net.ipv4.ip_unprivileged_port_start=80',
      ],
      ...['--add-host', 'db:192.0.2.1', '--entrypoint', 'sh', '--log-opt', 'max-size=1m'],
    ],
    command: ['-c', 'sleep 1000', "it's"],
  });
  const details = await inspect(container.id);
  const script = emitSwarm(details, planFor(details, strict(...PLACES)));
  expect(script).toMatch(/--entrypoint \S*sh\S* \\\n {2}pristine-test-busybox:1 -c 'sleep 1000' 'it'/);
  await expectUnderstood(script);
});

test.each([
  ['none', /^(?![\s\S]*--network)[\s\S]*# note: a service cannot be without any network/],
  ['host', /\n {2}--network host /],
])('a service is on the network %s as far as it can be', async (network, expected) => {
  await using container = await startContainer({ options: ['--network', network] });
  const details = await inspect(container.id);
  const script = emitSwarm(details, planFor(details, strict()));
  expect(script).toMatch(expected);
  await expectUnderstood(script);
});
