import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { startContainer } from '../../../test/support/engine.ts';
import { findEngine } from '../../engine/index.ts';
import { commandExists, installPackages, run } from '../../host/index.ts';
import { emitKubernetes } from './kubernetes.ts';
import { AS_IT_IS, mountAt, planFor, strict } from './test-support/plans.ts';

const directory = mkdtempSync(join(tmpdir(), 'pristine-emit-'));
beforeAll(async () => {
  if (!(await commandExists('kubectl')))
    await installPackages(['kubernetes-client'], 'a test with kubectl', (sentence) =>
      console.error(sentence),
    );
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function kubectl(...args: string[]): Promise<string> {
  const result = await run('kubectl', args, { cwd: directory, env: { HOME: directory } });
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

/** What kubectl asks a cluster for before it does anything: which kinds there are. */
async function discovery(): Promise<AsyncDisposable & { readonly url: string }> {
  const kinds = { pods: 'Pod', persistentvolumeclaims: 'PersistentVolumeClaim' };
  const resources = Object.entries(kinds).map(([name, kind]) => ({
    name,
    kind,
    namespaced: true,
    verbs: ['create'],
  }));
  const answers: Record<string, object> = {
    '/api': { kind: 'APIVersions', versions: ['v1'] },
    '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
    '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources },
  };
  const server = createServer(({ url = '' }, response) => {
    const answer = answers[url.split('?')[0] ?? ''];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? {}));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of a shell.
const HOSTILE = '\'"$(id) ${HOME} # y\u001b\u202e\n- x: é';

test('kubectl takes the manifest, and loses nothing of it', async () => {
  await using original = await startContainer({
    options: [
      ...[
        '-e',
        `A=${HOSTILE}`,
        '-e',
        'B=yes',
        '-e',
        'C=0777',
        '--workdir',
        '/tmp',
        '--restart',
        'on-failure:2',
        '--hostname',
        'on',
      ],
      ...[
        '--health-cmd',
        'true',
        '--health-interval',
        '90s',
        '-v',
        '/anonymous',
        '-v',
        '/usr/share:/bound:ro',
      ],
      ...['--tmpfs', '/scratch', '--network', 'bridge', '-p', '127.0.0.1::80', '--add-host', 'db:192.0.2.1'],
      ...['--cpus', '0.5', '--stop-timeout', '3', '-t', '-i', '--group-add', '7'],
    ],
    command: ['sh', '-c', 'sleep 1000', HOSTILE],
  });
  const engine = await findEngine({ env: process.env, stateDirectory: directory });
  const details = await engine.inspect(original.id);
  const configuration = strict(
    mountAt('/run'),
    mountAt('/etc/app', { kind: 'volume', hydrated: true, size: null, inodes: null }),
  );
  const text = emitKubernetes(details, planFor(details, configuration));
  expect(text).not.toMatch(/[^\P{C}\n]/u);
  writeFileSync(join(directory, 'pod.yaml'), text);

  await using cluster = await discovery();
  const dryRun = ['create', '--dry-run=client', '--validate=false', '-f', 'pod.yaml', '-o', 'name'];
  expect((await kubectl('--server', cluster.url, ...dryRun)).trim().split('\n')).toEqual([
    `persistentvolumeclaim/${original.name}-hardened-1`,
    `persistentvolumeclaim/${original.name}-data-0`,
    `pod/${original.name}`,
  ]);

  // By its own types: a member that they do not have would be lost, one of another type refused.
  const pod = parseAllDocuments(text)
    .map((one) => one.toJS())
    .find(({ kind }) => kind === 'Pod');
  writeFileSync(join(directory, 'pod.json'), JSON.stringify(pod));
  const set = ['set', 'image', '--local', '-f', 'pod.json', `${original.name}=other:1`, '-o', 'json'];
  const { status: _, ...typed } = JSON.parse(await kubectl(...set));
  typed.spec.containers[0].image = details.image;
  delete typed.metadata.creationTimestamp;
  for (const container of [...typed.spec.containers, ...typed.spec.initContainers])
    if (Object.keys(container.resources).length === 0) delete container.resources;
  expect(typed).toEqual(pod);

  const [container] = pod.spec.containers;
  expect(container.args ?? container.command).toContain(HOSTILE.replace('$(', () => '$$('));
  expect(container.env).toContainEqual({ name: 'B', value: 'yes' });
  expect(container.securityContext).toEqual({
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], add: ['CHOWN'] },
  });
  expect(pod.spec.securityContext).toMatchObject({
    runAsUser: 33,
    runAsGroup: 34,
    fsGroup: 34,
    supplementalGroups: [7, 44],
  });
  expect(pod.spec.volumes[0]).toEqual({
    name: 'hardened-0',
    emptyDir: { medium: 'Memory', sizeLimit: '16777216' },
  });
});

test('a privileged container is not said to be without escalation, which no cluster would take', async () => {
  await using original = await startContainer({ options: ['--privileged'], start: false });
  const engine = await findEngine({ env: process.env, stateDirectory: directory });
  const details = await engine.inspect(original.id);
  const text = emitKubernetes(details, planFor(details, { ...AS_IT_IS, noNewPrivileges: true }));
  expect(text).toContain('privileged: true');
  expect(text).not.toMatch(/allowPrivilegeEscalation|seccompProfile/);
});
