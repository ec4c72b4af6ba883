import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BUSYBOX,
  docker,
  startContainer,
  type TestContainer,
  testLabel,
} from '../../../test/support/engine.ts';
import { findEngine } from '../discovery/find-engine.ts';
import type { Engine, Replacement } from '../port.ts';

const stateDirectory = mkdtempSync(join(tmpdir(), 'pristine-replace-'));
const network = `pristine-test-net-${process.pid}`;
const second = `${network}-2`;
/** Another run of the tests may use the same engine. */
const subnet = `10.198.${process.pid % 256}`;
const hostPort = 20_000 + (process.pid % 10_000);
let engine: Engine;

beforeAll(async () => {
  engine = await findEngine({ env: process.env, stateDirectory });
  await docker('network', 'create', '--label', testLabel(), '--subnet', `${subnet}.0/24`, network);
  await docker('network', 'create', '--label', testLabel(), second);
});
afterAll(async () => {
  await docker('network', 'rm', network, second);
  rmSync(stateDirectory, { recursive: true, force: true });
});

/** Freezes a container, replaces it, and removes the replacement at the end of the scope. */
async function replace(container: TestContainer, suffix = 'suspect'): Promise<Replacement & AsyncDisposable> {
  await engine.freeze(container.id);
  const replacement = await engine.replacePristine(container.id, {
    labels: { 'pristine.replaces': container.id },
    suspectName: `${container.name}-${suffix}`,
  });
  return { ...replacement, [Symbol.asyncDispose]: () => engine.destroy(replacement.id) };
}

const sh = (id: string, script: string) => docker('exec', id, 'sh', '-c', script);

/** What differs between two inspects, as `path: before -> after`. */
function differences(before: unknown, after: unknown, path = ''): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap(before) || !isMap(after))
    return [`${path}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
    differences(before[key], after[key], path === '' ? key : `${path}.${key}`),
  );
}

/** The configuration of a container, without what is another one's by nature. */
async function configuration(id: string): Promise<Record<string, unknown>> {
  const inspect = JSON.parse(await docker('inspect', id))[0];
  const { Config, HostConfig, Mounts, Name, Path, Args, Image } = inspect;
  const networks = Object.entries<Record<string, unknown>>(inspect.NetworkSettings.Networks).map(
    ([name, { IPAMConfig, Links, Aliases, DriverOpts }]) => [
      name,
      {
        IPAMConfig,
        Links,
        DriverOpts,
        Aliases: ((Aliases as string[] | null) ?? []).filter((alias) => alias !== id.slice(0, 12)),
      },
    ],
  );
  const mounts = [...Mounts].sort((a, b) => (a.Destination < b.Destination ? -1 : 1));
  return {
    Name,
    Path,
    Args,
    Image,
    Config,
    HostConfig,
    Mounts: mounts,
    Networks: Object.fromEntries(networks),
  };
}

describe('re-creation', () => {
  test('keeps everything that docker run was told', async () => {
    const volume = `pristine-test-${process.pid}-named`;
    await docker('volume', 'create', '--label', testLabel(), volume);
    try {
      await using container = await startContainer({
        options: [
          ...['--network', 'bridge', '-p', '127.0.0.1::80', '-p', `127.0.0.1:${hostPort}:81/tcp`],
          ...['-e', 'SECRET=a b"c', '-e', 'EMPTY=', '--user', '0:0', '--workdir', '/tmp', '--label', 'l=v'],
          ...['-v', `${volume}:/named`, '-v', '/anonymous', '-v', '/usr:/bound:ro'],
          ...['--mount', 'type=volume,dst=/mounted', '--mount', 'type=tmpfs,dst=/memory,tmpfs-size=65536'],
          ...['--tmpfs', '/run:size=1m', '--restart', 'on-failure:3', '--read-only'],
          ...['--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN', '--security-opt', 'no-new-privileges'],
          ...['--ulimit', 'nofile=100:200', '--sysctl', 'net.ipv4.ip_unprivileged_port_start=80'],
          ...['--health-cmd', 'true', '--health-interval', '1s', '--memory', '64m', '--pids-limit', '50'],
          ...['--hostname', 'known', '--add-host', 'db:192.0.2.1', '--dns', '192.0.2.53', '--shm-size', '1m'],
          ...['--init', '--stop-signal', 'SIGKILL', '--entrypoint', '/bin/sh', '--log-opt', 'max-size=1m'],
        ],
        command: ['-c', 'while :; do sleep 1; done'],
      });
      for (const path of ['/named', '/anonymous', '/mounted']) await container.sh(`echo data > ${path}/file`);
      const before = await configuration(container.id);
      const [port = ''] = (await docker('port', container.id, '80')).split('\n');
      await using replacement = await replace(container);
      const after = await configuration(replacement.id);
      const left = differences(before, after).map((difference) => difference.split(':')[0]);
      // Image: by id. Volumes, Mounts: anonymous volumes are named. PortBindings: the port the engine had chosen.
      expect(left.sort()).toEqual([
        'Config.Image',
        'Config.Labels.pristine.image',
        'Config.Labels.pristine.replaces',
        'Config.Volumes',
        'HostConfig.Mounts',
        'HostConfig.PortBindings.80/tcp',
        'Mounts',
      ]);
      expect(await docker('port', replacement.id, '80')).toBe(port);
      for (const path of ['/named', '/anonymous', '/mounted'])
        expect(await sh(replacement.id, `cat ${path}/file`)).toBe('data');
      const details = await engine.inspect(replacement.id);
      expect(details.image).toBe(BUSYBOX);
      expect(details.name).toBe(container.name);
      await engine.destroy(container.id);
      expect(await sh(replacement.id, 'cat /anonymous/file'), 'after the suspect is gone').toBe('data');
    } finally {
      await docker('volume', 'rm', '-f', volume);
    }
  });

  test('keeps what the image says when docker run said nothing, and an emptied entrypoint', async () => {
    const image = `pristine-test-${process.pid}:entry`;
    await using base = await startContainer();
    const change = ['-c', 'ENTRYPOINT ["sleep"]', '-c', 'CMD ["1000"]', '-c', 'VOLUME /data'];
    await docker('commit', ...change, base.id, image);
    try {
      for (const options of [[], ['--entrypoint', '']]) {
        const command = options.length === 0 ? ['999'] : ['sh', '-c', 'sleep 998'];
        await using container = await startContainer({ image, options, command });
        await container.sh('echo kept > /data/file; echo hostile > /drift');
        const before = await configuration(container.id);
        await using replacement = await replace(container);
        const after = await configuration(replacement.id);
        expect(after).toMatchObject({ Path: before.Path, Args: before.Args, Name: before.Name });
        expect(await sh(replacement.id, 'cat /data/file; [ ! -e /drift ] && echo pristine')).toBe(
          'kept\npristine',
        );
        expect(await sh(replacement.id, 'hostname')).toBe(replacement.id.slice(0, 12));
      }
    } finally {
      await docker('rmi', '-f', image);
    }
  });

  test('keeps static addresses, aliases and several networks of a frozen container', async () => {
    await using container = await startContainer({
      options: ['--network', network, '--ip', `${subnet}.77`, '--network-alias', 'front'],
    });
    await docker('network', 'connect', '--alias', 'back', second, container.id);
    const before = await configuration(container.id);
    await using replacement = await replace(container);
    const after = await configuration(replacement.id);
    expect(differences(before.Networks, after.Networks)).toEqual([]);
    expect(differences(before.HostConfig, after.HostConfig)).toEqual([]);
    expect(
      await docker(
        'inspect',
        '-f',
        `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`,
        replacement.id,
      ),
    ).toBe(`${subnet}.77`);
    await using peer = await startContainer({ options: ['--network', second] });
    expect(await peer.sh('ping -c 1 -W 2 back >/dev/null && echo reached')).toBe('reached');
  });

  test('keeps --link, and --volumes-from a container that is gone since', async () => {
    await using db = await startContainer({ options: ['--network', 'bridge'] });
    await using source = await startContainer({ options: ['-v', '/shared', '-v', '/usr:/host:ro'] });
    await source.sh('echo rows > /shared/file');
    await using container = await startContainer({
      options: ['--link', `${db.name}:db`, '--volumes-from', source.name],
    });
    await docker('rm', '-f', source.id);
    await using replacement = await replace(container);
    const address = await docker('inspect', '-f', '{{.NetworkSettings.IPAddress}}', db.id);
    expect(await sh(replacement.id, 'grep -w db /etc/hosts')).toContain(address);
    expect(await sh(replacement.id, 'cat /shared/file')).toBe('rows');
    expect(await sh(replacement.id, 'touch /host/x 2>&1 || true')).toContain('Read-only file system');
    expect(await docker('inspect', '-f', '{{json .HostConfig.Links}}', replacement.id)).toBe(
      `["/${db.name}:/${container.name}/db"]`,
    );
  });

  test.each(['host', 'none'])('works on the network %s', async (mode) => {
    await using container = await startContainer({ options: ['--network', mode] });
    const before = await configuration(container.id);
    await using replacement = await replace(container);
    const after = await configuration(replacement.id);
    expect(differences(before.HostConfig, after.HostConfig)).toEqual([]);
  });

  test("works in another container's network", async () => {
    await using owner = await startContainer();
    await using container = await startContainer({ options: ['--network', `container:${owner.id}`] });
    await using replacement = await replace(container);
    expect(await docker('inspect', '-f', '{{.HostConfig.NetworkMode}}', replacement.id)).toBe(
      `container:${owner.id}`,
    );
  });

  test('replaces a --rm container without losing its anonymous volume', async () => {
    await using container = await startContainer({ options: ['--rm', '-v', '/data'] });
    await container.sh('echo kept > /data/file');
    await using replacement = await replace(container);
    await engine.destroy(container.id);
    expect(await sh(replacement.id, 'cat /data/file')).toBe('kept');
    expect((await engine.inspect(replacement.id)).autoRemove).toBe(true);
  });

  test('replaces a replacement', async () => {
    await using container = await startContainer({ options: ['-v', '/data'] });
    await container.sh('echo kept > /data/file');
    await using first = await replace(container, 'one');
    await engine.destroy(container.id);
    await using again = await replace(
      { ...container, ...first, sh: (script) => sh(first.id, script) },
      'two',
    );
    await engine.destroy(first.id);
    expect(await sh(again.id, 'cat /data/file')).toBe('kept');
    expect((await engine.inspect(container.name)).image).toBe(BUSYBOX);
  });
});

describe('replacePristine', () => {
  test('called again answers with the same replacement', async () => {
    await using container = await startContainer({ options: ['--network', 'bridge', '-p', '127.0.0.1::80'] });
    await using replacement = await replace(container);
    const again = await replace(container);
    expect(again.id).toBe(replacement.id);
  });

  test('called twice at the same time, as after a crash with requests under way, makes one replacement', async () => {
    await using container = await startContainer({ options: ['--network', network, '--ip', `${subnet}.81`] });
    await engine.freeze(container.id);
    const options = {
      labels: { 'pristine.replaces': container.id },
      suspectName: `${container.name}-suspect`,
    };
    const [one, other] = await Promise.all([
      engine.replacePristine(container.id, options),
      engine.replacePristine(container.id, options),
    ]);
    try {
      expect(other).toEqual(one);
      const ours = (await engine.list()).filter(({ name }) => name.startsWith(container.name));
      expect(ours.map(({ status }) => status).sort()).toEqual(['paused', 'running']);
    } finally {
      await engine.destroy(one.id);
    }
  });

  test('goes on after a crash between rename, create and start', async () => {
    await using container = await startContainer({ options: ['--network', network, '--ip', `${subnet}.78`] });
    await docker('network', 'connect', '--alias', 'back', second, container.id);
    await engine.freeze(container.id);
    await docker('rename', container.id, `${container.name}-suspect`);
    await using renamed = await replace(container);
    expect(renamed.name).toBe(container.name);

    // As after a create that was the last thing done: not started, and not on its second network.
    await docker('kill', renamed.id);
    await docker('rm', renamed.id);
    const half = await docker(
      ...[
        'create',
        '--name',
        container.name,
        '--label',
        testLabel(),
        '--label',
        `pristine.replaces=${container.id}`,
      ],
      ...['--network', network, '--ip', `${subnet}.78`, BUSYBOX, 'sleep', '1000'],
    );
    await using finished = await replace(container);
    expect(finished.id).toBe(half);
    expect([...(await engine.inspect(half)).networks].sort()).toEqual([network, second].sort());
  });

  test('undoes everything when the replacement cannot start', async () => {
    await using container = await startContainer({ options: ['--network', network, '--ip', `${subnet}.79`] });
    // Not frozen: the suspect still has the address, so that the start must fail.
    const attempt = engine.replacePristine(container.id, {
      labels: { 'pristine.replaces': container.id },
      suspectName: `${container.name}-suspect`,
    });
    await expect(attempt).rejects.toMatchObject({
      code: 'E_REPLACE',
      message: expect.stringContaining(container.name),
    });
    expect(await engine.inspect(container.id)).toMatchObject({ name: container.name, status: 'running' });
    expect((await engine.list()).filter(({ name }) => name.startsWith(container.name))).toHaveLength(1);
  });

  test('says under which name the suspect is kept when its own has been taken by someone else', async () => {
    await using container = await startContainer();
    await engine.freeze(container.id);
    await docker('rename', container.id, `${container.name}-suspect`);
    const label = ['--label', testLabel()];
    await docker('create', '--name', container.name, ...label, BUSYBOX, 'true');
    try {
      await expect(replace(container)).rejects.toMatchObject({
        code: 'E_REPLACE',
        message: expect.stringContaining('already in use'),
        next: expect.stringContaining(`kept under the name ${container.name}-suspect`),
      });
      expect(await engine.inspect(container.id)).toMatchObject({ status: 'paused' });
    } finally {
      await docker('rm', container.name);
    }
  });

  test('says that the image is gone, and undoes everything', async () => {
    const image = `pristine-test-${process.pid}:gone`;
    await using base = await startContainer();
    await docker('commit', base.id, image);
    await using container = await startContainer({ image });
    await docker('kill', container.id);
    await docker('rmi', '-f', image);
    await expect(replace(container)).rejects.toMatchObject({ code: 'E_NO_SUCH_IMAGE' });
    expect(await engine.inspect(container.id)).toMatchObject({ name: container.name, repoDigests: [] });
  });
});
