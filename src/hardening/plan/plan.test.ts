import { describe, expect, test } from 'vitest';
import { UNOBSERVED } from '../../../test/support/hardening-plans.ts';
import type { RefusedWrite, WrittenPath } from '../../contract/index.ts';
import type { ContainerDetails } from '../../engine/index.ts';
import { type ImageEntry, imageTree } from './image-tree.ts';
import type { PlanDraft, PlanInput } from './input.ts';
import { planConfiguration } from './plan.ts';

/** An image of the paths given: `/a/b/` is a folder, `/a -> b` a link, `/a/b 33:33 750` has an owner and a mode. */
function image(...lines: string[]) {
  const entries = new Map<string, ImageEntry>();
  const standard = [
    '/etc/',
    '/etc/passwd',
    '/run/',
    '/run/lock/',
    '/tmp/ 0:0 1777',
    '/usr/',
    '/usr/bin/',
    '/usr/bin/sh',
  ];
  const places = [
    '/var/',
    '/var/lib/',
    '/var/lib/dpkg/',
    '/var/lib/dpkg/status',
    '/var/run -> /run',
    '/var/log/',
    '/var/log/dpkg.log',
  ];
  for (const line of [...standard, ...places, ...lines]) {
    const [, named = '', target, owner, mode] = /^(\S+)(?: -> (\S+))?(?: (\d+:\d+) (\d+))?$/.exec(line) ?? [];
    const folder = named.endsWith('/');
    const path = folder ? named.slice(0, -1) : named;
    const [uid = 0, gid = 0] = (owner ?? '0:0').split(':').map(Number);
    const type = folder ? 'dir' : target === undefined ? 'file' : 'symlink';
    const bits = mode === undefined ? (folder ? 0o755 : 0o644) : Number.parseInt(mode, 8);
    entries.set(path, { path, type, uid, gid, mode: bits, size: 1, target: target ?? null });
  }
  return imageTree([...entries.values()]);
}

const wrote = (path: string, more: Partial<WrittenPath> = {}): WrittenPath => ({
  path,
  type: 'file',
  operations: ['create', 'write'],
  phases: ['boot'],
  writers: [{ exe: '/usr/bin/app', command: 'app', pid: 1, uid: 0, gid: 0 }],
  bytes: 10,
  inImage: false,
  remains: false,
  executed: false,
  owner: { uid: 0, gid: 0, mode: 0o644 },
  ...more,
});
const made = (path: string, uid = 0, mode = 0o755) =>
  wrote(path, { type: 'directory', operations: ['create'], owner: { uid, gid: uid, mode } });
const kept = (path: string, more: Partial<WrittenPath> = {}) => wrote(path, { remains: true, ...more });
const changed = (path: string, more: Partial<WrittenPath> = {}) =>
  wrote(path, { operations: ['write'], inImage: true, remains: true, ...more });

const DETAILS = {
  name: 'box',
  mounts: [],
  security: { pidsLimit: null, memoryLimit: null, seccompUnconfined: false, privileged: false },
  raw: { HostConfig: {} },
} as unknown as ContainerDetails;

function plan(
  tree: ReturnType<typeof image>,
  writes: WrittenPath[],
  more: Partial<PlanInput> = {},
): PlanDraft {
  return planConfiguration({
    ...{ details: DETAILS, image: tree, capabilities: null, user: null, persist: [], allowExec: false },
    observation: { ...UNOBSERVED, writes },
    ...more,
  });
}

/** `path kind uid:gid mode`, with what else is not the usual. */
const places = ({ configuration }: PlanDraft) =>
  configuration.mounts.map(({ path, kind, uid, gid, mode, exec, hydrated }) =>
    [
      path,
      kind,
      `${uid}:${gid}`,
      mode.toString(8),
      ...(exec && kind === 'tmpfs' ? ['exec'] : []),
      ...(hydrated ? ['hydrated'] : []),
    ].join(' '),
  );

describe('where the mounts are', () => {
  const cases: [string, string[], WrittenPath[], string[]][] = [
    ['a file in a short-lived folder', [], [wrote('/run/app.pid')], ['/run tmpfs 0:0 755']],
    ['a link on the way', [], [wrote('/var/run/app.pid')], ['/run tmpfs 0:0 755']],
    [
      'a folder of the image',
      ['/run/db/ 26:26 2775'],
      [wrote('/run/db/s.lock')],
      ['/run/db tmpfs 26:26 2775'],
    ],
    [
      'both, as a tmpfs hides the folders of the image',
      ['/run/db/ 26:26 2775'],
      [wrote('/run/app.pid'), wrote('/run/db/s.lock')],
      ['/run tmpfs 0:0 755', '/run/db tmpfs 26:26 2775'],
    ],
    [
      'a folder of the image that is only looked for',
      ['/run/sshd/'],
      [wrote('/run/sshd.pid')],
      ['/run tmpfs 0:0 755', '/run/sshd tmpfs 0:0 755'],
    ],
    [
      'a folder of the image that the program removes and makes anew',
      ['/run/db/'],
      [
        made('/run/db', 26),
        wrote('/run/db', { type: 'directory', operations: ['delete'], inImage: true }),
        wrote('/run/db/x'),
      ],
      ['/run tmpfs 0:0 755'],
    ],
    [
      'a folder that it makes in a short-lived one',
      [],
      [made('/run/db', 26), wrote('/run/db/x')],
      ['/run tmpfs 0:0 755'],
    ],
    ['a temporary folder', [], [wrote('/tmp/x')], ['/tmp tmpfs 0:0 1777']],
    ['an empty folder of the image', ['/srv/'], [wrote('/srv/a/b')], ['/srv tmpfs 0:0 755']],
    [
      'folders that it makes among others',
      [],
      [made('/var/lib/x', 7, 0o700), made('/var/lib/x/a'), wrote('/var/lib/x/a/1'), wrote('/var/lib/x/b/2')],
      ['/var/lib/x tmpfs 7:7 700'],
    ],
    [
      'a folder below the root that the image does not have',
      [],
      [made('/data', 9), kept('/data/x')],
      ['/data volume 9:9 755'],
    ],
    ['a file below the root', [], [wrote('/marker')], []],
    ['a program', ['/usr/bin/tool'], [changed('/usr/bin/tool')], ['/usr/bin volume 0:0 755 hydrated']],
    [
      'a file among others',
      ['/etc/app/', '/etc/app/a', '/etc/app/b'],
      [changed('/etc/app/a')],
      ['/etc/app volume 0:0 755 hydrated'],
    ],
    [
      'files that are all made anew',
      ['/etc/app/', '/etc/app/a'],
      [wrote('/etc/app/a', { inImage: true })],
      ['/etc/app tmpfs 0:0 755'],
    ],
    [
      'files whose owner is changed are needed',
      ['/etc/app/', '/etc/app/a'],
      [wrote('/etc/app/a', { inImage: true, operations: ['attributes'] })],
      ['/etc/app volume 0:0 755 hydrated'],
    ],
    [
      'a folder whose content alone changed',
      [],
      [changed('/run', { type: 'directory' }), changed('/var/lib', { type: 'directory' }), wrote('/run/x')],
      ['/run tmpfs 0:0 755'],
    ],
    [
      'a log beside one that leads to the output',
      ['/var/log/web/', '/var/log/web/access.log -> /dev/stdout'],
      [wrote('/var/log/web/error.log')],
      ['/var/log/web volume 0:0 755 hydrated'],
    ],
    [
      'many folders of one program',
      [
        '/var/spool/',
        '/var/spool/mta/',
        ...Array.from({ length: 9 }, (_, i) => `/var/spool/mta/q${i}/ 8:8 700`),
      ],
      Array.from({ length: 9 }, (_, i) => wrote(`/var/spool/mta/q${i}/x`)),
      ['/var/spool/mta volume 0:0 755 hydrated'],
    ],
    [
      'files that are renamed from one folder of the image into the other',
      ['/srv/', '/srv/box/', '/srv/box/tmp/', '/srv/box/new/'],
      [
        wrote('/srv/box/tmp/1', { operations: ['create', 'rename'] }),
        wrote('/srv/box/new/1', { operations: ['rename'] }),
      ],
      ['/srv/box volume 0:0 755 hydrated'],
    ],
    [
      'files that are renamed beside a program stay narrow',
      ['/app/', '/app/main.js', '/app/tmp/', '/app/new/'],
      [
        wrote('/app/tmp/1', { operations: ['create', 'rename'] }),
        wrote('/app/new/1', { operations: ['rename'] }),
      ],
      ['/app/new tmpfs 0:0 755', '/app/tmp tmpfs 0:0 755'],
    ],
    [
      'a name that no list of options can hold',
      [],
      [wrote('/var/lib/dpkg/a,b:exec/x')],
      ['/var/lib/dpkg volume 0:0 755 hydrated'],
    ],
    [
      'compiled forms beside sources',
      ['/usr/lib/', '/usr/lib/p/', '/usr/lib/p/a.py'],
      [kept('/usr/lib/p/__pycache__/a.pyc')],
      [],
    ],
    ['what the engine writes', [], [changed('/etc/hosts'), wrote('/dev/shm/x')], []],
  ];
  test.each(cases)('%s', (_, lines, writes, expected) => {
    expect(places(plan(image(...lines), writes))).toEqual(expected);
  });
});

describe('what must stay', () => {
  const db = ['/var/lib/db/ 26:26 700'];
  const cases: [string, string[], WrittenPath[], string[], string[]][] = [
    [
      'what a database makes at its first start',
      db,
      [kept('/var/lib/db/base')],
      [],
      ['/var/lib/db volume 26:26 700'],
    ],
    [
      'temporary files in a state folder',
      db,
      [wrote('/var/lib/db/sort')],
      [],
      ['/var/lib/db tmpfs 26:26 700'],
    ],
    [
      'a lock that was left',
      db,
      [kept('/var/lib/db/x.pid'), kept('/var/lib/db/x.lock')],
      [],
      ['/var/lib/db tmpfs 26:26 700'],
    ],
    ['a socket', db, [kept('/var/lib/db/s', { type: 'socket' })], [], ['/var/lib/db tmpfs 26:26 700']],
    [
      'data in the image',
      [...db, '/var/lib/db/base'],
      [changed('/var/lib/db/base')],
      [],
      ['/var/lib/db volume 26:26 700 hydrated'],
    ],
    ['a log', [], [kept('/var/log/app.log', { phases: ['steady'] })], [], ['/var/log tmpfs 0:0 755']],
    [
      'a configuration that is made at each boot',
      ['/app/', '/app/conf/'],
      [kept('/app/conf/x')],
      [],
      ['/app/conf tmpfs 0:0 755'],
    ],
    [
      'what is saved while it serves',
      ['/app/', '/app/conf/'],
      [kept('/app/conf/x', { phases: ['steady'] })],
      [],
      ['/app/conf volume 0:0 755'],
    ],
    [
      'what proved to have to last',
      [],
      [kept('/run/session')],
      ['/run/session'],
      ['/run volume 0:0 755 hydrated'],
    ],
  ];
  test.each(cases)('%s', (_, lines, writes, persist, expected) => {
    expect(places(plan(image(...lines), writes, { persist }))).toEqual(expected);
  });
});

test('what was refused extends the plan', () => {
  const refused = (path: string, call: string): RefusedWrite => ({
    ...{ path, call, command: 'app', pid: 1, at: '2026-01-01T00:00:00.000Z', seenBy: 'kernel' },
  });
  const refusals = [
    refused('/var/run/x', 'openat'),
    refused('/var/lib/new', 'mkdir'),
    refused('relative', 'openat'),
  ];
  const draft = plan(image(), [], { observation: { ...UNOBSERVED, refusals } });
  expect(places(draft)).toEqual(['/run tmpfs 0:0 755', '/var/lib/new tmpfs 0:0 755']);
});

test('a folder that is copied up for a mount in it is not planned, but one that is refused is', () => {
  const tree = image('/var/lib/db/ 26:26 700', '/var/lib/db/15/', '/var/lib/db/15/conf');
  const copiedUp = wrote('/var/lib/db', {
    ...{ type: 'directory', operations: ['attributes'], inImage: true, owner: null },
  });
  const writes = [copiedUp, made('/var/lib/db/box', 26, 0o700), kept('/var/lib/db/box/base')];
  expect(places(plan(tree, writes))).toEqual(['/var/lib/db/box volume 26:26 700']);
  const refusal = {
    path: '/var/lib/db',
    call: 'fchownat',
    command: 'chown',
    pid: 1,
    at: '',
    seenBy: 'kernel',
  } as const;
  const observation = { ...UNOBSERVED, writes, refusals: [refusal] };
  expect(places(plan(tree, [], { observation }))).toEqual(['/var/lib/db volume 26:26 700 hydrated']);
});

test('a folder that the container makes can be left for it to make', () => {
  const tree = image('/var/lib/db/ 26:26 700', '/var/lib/db/15/', '/var/lib/db/15/conf');
  const writes = [
    made('/var/lib/db/box', 26, 0o700),
    kept('/var/lib/db/box/base'),
    made('/data'),
    kept('/data/x'),
  ];
  expect(places(plan(tree, writes, { wide: true }))).toEqual([
    '/data volume 0:0 755',
    '/var/lib/db volume 26:26 700 hydrated',
  ]);
});

test('places under mounts that the container has are not planned', () => {
  const details = { ...DETAILS, mounts: [{ destination: '/var/lib/db' }] } as unknown as ContainerDetails;
  expect(places(plan(image(), [kept('/var/lib/db/x')], { details }))).toEqual([]);
});

test('a folder goes to the user that the container is to run as, unless that one may write there', () => {
  const tree = image(
    '/run/a/',
    '/run/b/ 0:33 775',
    '/run/c/ 0:0 1777',
    '/run/d/ 33:33 755',
    '/etc/app/',
    '/etc/app/x',
    '/etc/app/y',
  );
  const writes = ['/run/a/1', '/run/b/1', '/run/c/1', '/run/d/1'].map((path) => wrote(path));
  const draft = plan(tree, [...writes, changed('/etc/app/x')], { user: { uid: 33, gid: 33, groups: [4] } });
  expect(draft.configuration).toMatchObject({ user: '33:33', groups: [4] });
  expect(places(draft)).toEqual([
    '/etc/app volume 0:0 755 hydrated',
    '/run/a tmpfs 33:33 755',
    '/run/b tmpfs 0:33 775',
    '/run/c tmpfs 0:0 1777',
    '/run/d tmpfs 33:33 755',
  ]);
});

test('sizes have head-room', () => {
  const files = Array.from({ length: 200 }, (_, i) => wrote(`/run/f${i}`, { bytes: 100_000 }));
  const { mounts } = plan(image(), [...files, wrote('/tmp/x')]).configuration;
  expect(mounts.map(({ size, inodes }) => [size, inodes])).toEqual([
    [128 * 1024 ** 2, 2048],
    [64 * 1024 ** 2, 1024],
  ]);
});

test('programs run from a place only where one did and it is allowed', () => {
  const writes = [wrote('/tmp/x', { executed: true })];
  expect(places(plan(image(), writes))).toEqual(['/tmp tmpfs 0:0 1777']);
  expect(plan(image(), writes).remarks).toContain(
    '/tmp/x was executed, and may not be any more; --allow-exec would let it.',
  );
  expect(places(plan(image(), writes, { allowExec: true }))).toEqual(['/tmp tmpfs 0:0 1777 exec']);
});

test('each mount says why, in a few lines that hold no control characters', () => {
  const writes = Array.from({ length: 9 }, (_, i) => wrote(`/run/x\u001b[3${i}m`));
  const [mount] = plan(image(), writes).configuration.mounts;
  expect(mount?.reasons).toHaveLength(6);
  expect(mount?.reasons[0]).toBe('app (pid 1) wrote /run/x\\x1b[30m at boot');
  expect(mount?.reasons.at(-1)).toBe('and 4 more');
});

test('remarks tell of code that is written, of hidden files and of logs', () => {
  const tree = image('/app/', '/app/index.php', '/app/x/', '/app/x/y', '/run/motd');
  const writes = [changed('/app/index.php'), wrote('/run/x.pid'), wrote('/var/log/x.log')];
  const { remarks } = plan(tree, writes);
  expect(remarks).toEqual([
    expect.stringContaining('box writes to its own code, /app/index.php:'),
    'The tmpfs at /run hides what the image has there: /run/motd.',
    expect.stringContaining('Logs in /var/log go with the container'),
    expect.stringContaining('could be internal'),
  ]);
});

test('limits are set where the container has none', () => {
  const seen = { ...UNOBSERVED, mostProcesses: 100, mostMemory: 300 * 1024 ** 2 };
  expect(plan(image(), [], { observation: seen }).configuration).toMatchObject({
    pidsLimit: 1024,
    memoryLimit: 2 * 1024 ** 3,
  });
  const security = { ...DETAILS.security, pidsLimit: 5, memoryLimit: 6 };
  const details = { ...DETAILS, security };
  expect(plan(image(), [], { observation: seen, details }).configuration).toMatchObject({
    pidsLimit: null,
    memoryLimit: null,
  });
});
