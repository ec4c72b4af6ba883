import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differencesOf } from './compare.ts';
import { recreationOf } from './recreation.ts';
import { successorsAmong } from './recreation-references.ts';
import type { Inspect } from './vendor.ts';

const [ID, OTHER] = ['a'.repeat(64), 'b'.repeat(64)];
const endpoint = { IPAMConfig: { IPv4Address: '192.0.2.7' }, Links: null, Aliases: ['x'], DriverOpts: null };

function inspected(id: string): Inspect {
  return {
    ...{
      Id: id,
      Name: '/web',
      Created: '2026-01-01T00:00:00Z',
      Path: 'sleep',
      Args: ['9'],
      Image: 'sha256:1',
    },
    ...{ RestartCount: 0, HostsPath: `/c/${id}/hosts` },
    State: {
      ...{ Status: 'running', Running: true, Paused: false, Restarting: false, Pid: 1, ExitCode: 0 },
      StartedAt: '2026-01-01T00:00:00Z',
    },
    Config: {
      ...{ Hostname: id.slice(0, 12), Domainname: '', User: '1', Env: ['A=b'], Image: 'sha256:1' },
      ...{ Labels: { 'pristine.image': 'web:1' }, Entrypoint: ['sleep'], WorkingDir: '/', Tty: false },
    },
    HostConfig: {
      ...{ NetworkMode: 'net', AutoRemove: false, Binds: ['v:/v'], Privileged: false, CapAdd: null },
      ...{ PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] }, ReadonlyRootfs: false },
      ...{ RestartPolicy: { Name: 'always', MaximumRetryCount: 0 }, Memory: 5, SecurityOpt: ['seccomp=x'] },
    },
    Mounts: [{ Type: 'volume', Name: 'v', Source: '/v', Destination: '/v', RW: true, Propagation: '' }],
    NetworkSettings: {
      Ports: { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }] },
      Networks: { net: { ...endpoint, Aliases: ['x', id.slice(0, 12)], IPAddress: '192.0.2.7' } },
    },
  };
}

type Node = Record<string, unknown>;
const changed = (container: Inspect, path: readonly string[], value: unknown): Inspect => {
  const copy = structuredClone(container) as unknown as Node;
  let parent = copy;
  for (const name of path.slice(0, -1)) {
    parent[name] ??= {};
    parent = parent[name] as Node;
  }
  parent[path.at(-1) ?? ''] = value;
  return copy as unknown as Inspect;
};
const unexplained = (after: Inspect, before = inspected(ID)) =>
  differencesOf(before, after)
    .filter(({ because }) => because === null)
    .map(({ path }) => path);

describe('a comparison', () => {
  test('of a container with itself finds nothing', () => {
    expect(differencesOf(inspected(ID), inspected(ID))).toEqual([]);
  });

  test('explains what belongs to another container by nature', () => {
    const differences = differencesOf(inspected(ID), inspected(OTHER));
    expect(differences.map(({ path }) => path).sort()).toEqual([
      'Config.Hostname',
      'HostsPath',
      'Id',
      'NetworkSettings.Networks.net.Aliases',
    ]);
    expect(unexplained(inspected(OTHER))).toEqual([]);
  });

  test('reports any change that nothing explains', () => {
    const members = [
      ...[
        'Config.User',
        'Config.Env',
        'Config.Entrypoint',
        'Config.WorkingDir',
        'Config.Tty',
        'Config.Image',
      ],
      ...['HostConfig.Binds', 'HostConfig.Privileged', 'HostConfig.CapAdd', 'HostConfig.SecurityOpt'],
      ...[
        'HostConfig.NetworkMode',
        'HostConfig.RestartPolicy',
        'HostConfig.ReadonlyRootfs',
        'HostConfig.New',
      ],
      ...['Name', 'Path', 'Args', 'Image', 'Driver', 'Config.Hostname', 'HostConfig.VolumesFrom'],
      ...['NetworkSettings.Networks.net.IPAMConfig', 'NetworkSettings.Networks.other', 'HostConfig.Mounts'],
      ...['NetworkSettings.Networks.net.IPAddress', 'HostConfig.Memory', 'Config.Labels.mine'],
    ].map((path) => path.split('.'));
    const values = fc.oneof(
      fc.string({ minLength: 1 }).map((text) => `#${text}`),
      fc.array(fc.string(), { minLength: 1 }),
      fc.integer({ min: 6 }),
      fc.record({ odd: fc.string() }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...members), values, (path, value) => {
        const found = unexplained(changed(inspected(OTHER), path, value));
        expect(found.some((at) => at.startsWith(path.join('.')))).toBe(true);
      }),
    );
  });

  test.each<[string, string, unknown]>([
    ['a mount that is somewhere else', 'Mounts', [{ ...inspected(ID).Mounts?.[0], Source: '/other' }]],
    ['a mount that may be written', 'Mounts', []],
    ['another port of the host', 'NetworkSettings.Ports', { '80/tcp': [{ HostIp: '', HostPort: '1' }] }],
    ['a read-only root that nobody asked for', 'HostConfig.ReadonlyRootfs', true],
    ['a name that is not the same', 'Name', '/web-suspect'],
  ])('reports %s', (_what, path, value) => {
    expect(unexplained(changed(inspected(OTHER), path.split('.'), value))).not.toEqual([]);
  });

  test('explains a root that was asked to be read-only', () => {
    const labelled = changed(inspected(OTHER), ['Config', 'Labels', 'pristine.read-only'], 'true');
    const readOnly = changed(labelled, ['HostConfig', 'ReadonlyRootfs'], true);
    expect(unexplained(readOnly)).toEqual([]);
  });
});

describe('a re-creation', () => {
  const host = (original: Inspect, options = {}) =>
    recreationOf(original, { networks: {}, ports: {} }, {}, options).body.HostConfig as Node;

  test('that is read-only gets a tmpfs where nothing is mounted', () => {
    const original = changed(inspected(ID), ['HostConfig', 'Tmpfs'], { '/run': 'size=1m' });
    const readOnly = { writable: ['/tmp/', '/run', '/run/lock', '/v/cache', '/vv'] };
    const made = host(original, { readOnly });
    expect(made.ReadonlyRootfs).toBe(true);
    expect(Object.keys(made.Tmpfs as object)).toEqual(['/run', '/tmp', '/vv']);
    expect((made.Tmpfs as Node)['/tmp']).toBe('rw,noexec,nosuid,nodev,size=64m');
  });

  test('keeps the restart policy that a freeze has taken', () => {
    const original = changed(inspected(ID), ['HostConfig', 'RestartPolicy'], { Name: 'no' });
    const network = { networks: {}, ports: {}, restartPolicy: { Name: 'always' } };
    expect(recreationOf(original, network, {}).body.HostConfig).toMatchObject({
      RestartPolicy: { Name: 'always' },
    });
  });

  test('leaves behind the labels of the response that made its original', () => {
    const original = changed(inspected(ID), ['Config', 'Labels'], { mine: '1', 'pristine.standby-for': 'x' });
    const { body } = recreationOf(original, { networks: {}, ports: {} }, { 'pristine.replaces': ID });
    expect(body.Labels).toEqual({ mine: '1', 'pristine.image': 'sha256:1', 'pristine.replaces': ID });
  });

  test('points at whatever has the place of the containers that it refers to', () => {
    const entry = { Image: 'i', ImageID: 'i', Created: 0 };
    const [old, middle, newest] = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [
      string,
      string,
      string,
    ];
    const successors = successorsAmong([
      { ...entry, Id: old, Names: ['/db-1'], State: 'paused' },
      { ...entry, Id: middle, Names: ['/db-2'], State: 'exited', Labels: { 'pristine.replaces': old } },
      {
        ...entry,
        Id: newest,
        Names: ['/db', '/web/db'],
        State: 'running',
        Labels: { 'pristine.replaces': middle },
      },
    ]);
    const original = changed(inspected(ID), ['HostConfig', 'IpcMode'], `container:${old}`);
    const linked = changed(original, ['HostConfig', 'Links'], ['/db-1:/web/db']);
    expect(host(linked, { successors })).toMatchObject({
      IpcMode: `container:${newest}`,
      Links: ['/db:/web/db'],
    });
    expect(successors.idOf(newest)).toBeNull();
  });

  test('does not point at what is only being prepared beside a running container', () => {
    const entry = { Image: 'i', ImageID: 'i', Created: 0, State: 'running' };
    const prepared = { ...entry, Id: OTHER, Names: ['/next'], Labels: { 'pristine.replaces': ID } };
    const successors = successorsAmong([{ ...entry, Id: ID, Names: ['/web'] }, prepared]);
    expect(successors.idOf(ID)).toBeNull();
    expect(successorsAmong([prepared]).idOf(ID)).toBe(OTHER);
  });
});
