import { describe, expect, test } from 'vitest';
import type { ContainerMount } from '../contract/index.ts';
import type { ContainerSecurity } from '../engine/index.ts';
import { type PostureSubject, posture } from './posture.ts';

const DEFAULTS: ContainerSecurity = {
  readOnlyRoot: false,
  privileged: false,
  user: '',
  capAdd: [],
  capDrop: [],
  noNewPrivileges: false,
  seccompUnconfined: false,
  hostNetwork: false,
  hostPid: false,
  hostIpc: false,
  memoryLimit: null,
  pidsLimit: null,
  environment: ['PATH=/usr/bin'],
};

const HARDENED: ContainerSecurity = {
  ...DEFAULTS,
  readOnlyRoot: true,
  user: '33:33',
  capDrop: ['ALL'],
  noNewPrivileges: true,
  memoryLimit: 268_435_456,
  pidsLimit: 100,
};

const bind = (source: string, writable = true): ContainerMount => ({
  kind: 'bind',
  destination: '/mnt',
  source,
  volume: null,
  writable,
});

/** Ids of the items that are not ok, for a hardened container that differs in something. */
function failing(security: Partial<ContainerSecurity>, mounts: ContainerMount[] = []): string[] {
  const { items } = posture({ security: { ...HARDENED, ...security }, mounts });
  return items.filter(({ ok }) => !ok).map(({ id }) => id);
}

describe('the posture', () => {
  test('is an A with nothing to complain about when all is hardened', () => {
    const { grade, score, items } = posture({ security: HARDENED, mounts: [] });
    expect({ grade, score, failed: items.filter(({ ok }) => !ok) }).toEqual({
      grade: 'A',
      score: 100,
      failed: [],
    });
  });

  test("of Docker's defaults is a D, with the arithmetic spelled out", () => {
    const { grade, score, arithmetic } = posture({ security: DEFAULTS, mounts: [] });
    expect({ grade, score }).toEqual({ grade: 'D', score: 35 });
    expect(arithmetic).toBe(
      '100 - 15 (user) - 10 (capabilities) - 5 (memory) - 20 (read-only-root) - 10 (no-new-privileges) - 5 (pids)' +
        ' = 35: D. A from 90, B from 70, C from 50, D from 30, F from 0.',
    );
  });

  test('improves to a C by a read-only root alone', () => {
    expect(posture({ security: { ...DEFAULTS, readOnlyRoot: true }, mounts: [] }).grade).toBe('C');
  });

  test.each<[string, Partial<PostureSubject>]>([
    ['privileged', { security: { ...HARDENED, privileged: true } }],
    ["with the engine's socket", { mounts: [bind('/var/run/docker.sock', false)] }],
  ])('%s is an F at 0, however hardened the rest', (_title, over) => {
    expect(posture({ security: HARDENED, mounts: [], ...over })).toMatchObject({ grade: 'F', score: 0 });
  });

  test('has the numbers of the CIS Docker Benchmark 1.6.0', () => {
    const { items } = posture({ security: HARDENED, mounts: [] });
    expect(Object.fromEntries(items.map(({ id, cis }) => [id, cis]))).toEqual({
      user: '4.1',
      'environment-secrets': null,
      capabilities: '5.4',
      privileged: '5.5',
      'host-directories': '5.6',
      'host-network': '5.10',
      memory: '5.11',
      'read-only-root': '5.13',
      'host-pid': '5.16',
      'host-ipc': '5.17',
      seccomp: '5.22',
      'no-new-privileges': '5.26',
      pids: '5.29',
      'engine-socket': '5.32',
    });
  });
});

describe('an item fails', () => {
  test.each<[string, Partial<ContainerSecurity>]>([
    ['user', { user: '' }],
    ['user', { user: 'root' }],
    ['user', { user: '0:33' }],
    ['user', { user: '00' }],
    ['capabilities', { capDrop: [] }],
    ['capabilities', { capDrop: ['NET_RAW'] }],
    ['capabilities', { capAdd: ['CAP_SYS_ADMIN'] }],
    ['capabilities', { capAdd: ['sys_ptrace'] }],
    ['capabilities', { capAdd: ['ALL'] }],
    ['host-network', { hostNetwork: true }],
    ['memory', { memoryLimit: null }],
    ['memory', { memoryLimit: 0 }],
    ['read-only-root', { readOnlyRoot: false }],
    ['host-pid', { hostPid: true }],
    ['host-ipc', { hostIpc: true }],
    ['seccomp', { seccompUnconfined: true }],
    ['no-new-privileges', { noNewPrivileges: false }],
    ['pids', { pidsLimit: -1 }],
    ['environment-secrets', { environment: ['MYSQL_ROOT_PASSWORD=x'] }],
    ['environment-secrets', { environment: ['DATABASE=mysql://root:x@db/shop'] }],
  ])('%s with %o, and no other', (id, security) => {
    expect(failing(security)).toEqual([id]);
  });

  test('three of them when it is privileged', () => {
    expect(failing({ privileged: true })).toEqual(['capabilities', 'privileged', 'seccomp']);
  });

  test.each<[string, boolean]>([
    ['/', false],
    ['/etc', false],
    ['/etc/shadow', false],
    ['/var', true],
    ['/var/lib/docker/overlay2', false],
    ['/root/.ssh', false],
    ['/etc/localtime', true],
  ])('host-directories with %s mounted (writable: %s)', (source, writable) => {
    expect(failing({}, [bind(source, writable)])).toEqual(['host-directories']);
  });

  test('engine-socket alone with the socket, wherever it lies', () => {
    expect(failing({}, [bind('/run/user/1000/podman/podman.sock')])).toEqual(['engine-socket']);
  });
});

describe('an item is ok', () => {
  test.each<[string, Partial<ContainerSecurity>, ContainerMount[]]>([
    ['capabilities that are needed are added back', { capAdd: ['CAP_SETUID', 'SETGID'] }, []],
    ['a user by name', { user: 'www-data' }, []],
    ['a variable that only sounds secret but is empty', { environment: ['TOKEN=', 'PASSWORD'] }, []],
    ['the time zone, read-only', {}, [bind('/etc/localtime', false)]],
    ['a directory of the application', {}, [bind('/srv/shop'), bind('/etcetera'), bind('/home/me/etc')]],
    ['a volume below /var/lib/docker', {}, [{ ...bind('/var/lib/docker/volumes/x/_data'), kind: 'volume' }]],
  ])('%s', (_title, security, mounts) => {
    expect(failing(security, mounts)).toEqual([]);
  });

  test('and no secret value is in any detail', () => {
    const environment = ['API_TOKEN=hunter2', 'URL=http://u:hunter2@h/'];
    expect(JSON.stringify(posture({ security: { ...HARDENED, environment }, mounts: [] }))).not.toContain(
      'hunter2',
    );
  });
});
