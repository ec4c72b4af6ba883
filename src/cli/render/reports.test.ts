import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { DiffResult } from '../../app/index.ts';
import type {
  BundleManifest,
  Change,
  Denial,
  FileState,
  Finding,
  GuardEvent,
  Incident,
} from '../../contract/index.ts';
import { fakeStream, HOSTILE } from '../test-support/fake-terminal.ts';
import { printContent, printDockerLines } from './content.ts';
import { printDiff } from './diff.ts';
import { printDoctor } from './doctor.ts';
import { printBundle, printVerifyReport } from './evidence.ts';
import { createGuardPrinter } from './guard-event.ts';
import { printIncident } from './incident.ts';
import { createOutput, type Output } from './output.ts';

/** What a report prints: in a pipe, or, with a number of columns, on a terminal. */
function printed(report: (out: Output) => void, columns?: number): string {
  const { stream, text } = fakeStream(columns === undefined ? {} : { columns });
  report(createOutput(stream));
  return text();
}

const at = '2026-01-02T03:04:05.678Z';
const state: FileState = { type: 'file', mode: 0o644, uid: 0, gid: 0, size: 3, mtime: '1.000000000' };
const added = (path: string, over: Partial<Change> = {}): Change => ({
  ...{ path, kind: 'A', before: null, after: state, differs: [], identical: false },
  ...over,
});
const finding: Finding = {
  ...{ id: 'f', rule: 'web-shell', title: 'Web shell', severity: 'critical', attack: ['T1505.003'] },
  ...{ path: '/srv/shell.php', kind: 'A', reason: 'request input reaches eval', at },
};
const incident: Incident = {
  ...{ id: 'inc-1', container: { id: 'c'.repeat(64), name: HOSTILE, image: HOSTILE }, mode: 'heal' },
  ...{ state: 'healed', severity: 'critical', openedAt: at, endedAt: '2026-01-02T03:04:09.878Z' },
  ...{ findings: [finding], bundles: ['ev-1'], replacement: { id: 'd'.repeat(64), name: HOSTILE } },
  suspect: null,
};

describe('a diff', () => {
  const result: DiffResult = {
    drift: {
      container: { id: 'c', name: 'web', image: 'shop:1', imageId: 'sha256:0' },
      takenAt: at,
      source: 'overlay',
      changes: [
        added('/run/a.pid'),
        added('/srv/shell.php'),
        added('/usr/bin/id', { kind: 'C', before: state, identical: true }),
        added('/data', { mountpoint: true, after: { ...state, type: 'dir' } }),
      ],
      blindSpots: ['volumes are not read'],
    },
    findings: [finding],
    expected: [{ path: '/run/a.pid', because: 'a pid file' }],
  };

  test('lists what nothing explains, the findings and the blind spots', () => {
    const text = printed((out) => printDiff(out, result, false));
    expect(text).toContain('web (shop:1): 1 unexpected change, 3 explained (--all lists them)');
    expect(text).toMatch(/^A {5}critical {2}\/srv\/shell\.php {2}file 0644 0:0 3 B$/m);
    expect(text).toMatch(
      /^critical {2}web-shell {2}T1505\.003 {2}request input reaches eval {2}\/srv\/shell\.php$/m,
    );
    expect(text).toMatch(/Not seen:\n {2}volumes are not read\n$/);
    expect(text).not.toMatch(/^[AC] .*(a\.pid|bin\/id)/m);
  });

  test('lists all with their explanations when asked to', () => {
    const text = printed((out) => printDiff(out, result, true));
    expect(text).toMatch(/^A .*\/run\/a\.pid.* a pid file$/m);
    expect(text).toMatch(/^C .*\/usr\/bin\/id.* copied up from the image, and nothing differs$/m);
    expect(text).toMatch(/^A .*\/data.* made by the engine to mount something on$/m);
  });

  test('says where docker diff misleads', () => {
    expect(printed((out) => printDiff(out, result, false))).toContain(
      'docker diff lists /data, made by the engine as mountpoints.',
    );
  });
});

describe('a content diff', () => {
  const patch = '--- image/x\n+++ container/x\n@@ -1 +1 @@\n-a\n+\tb\\n\u001b[2J\n';

  test('goes to a program as it is, and to a terminal without control characters', () => {
    const show = (out: Output) => printContent(out, { kind: 'text', path: '/x', patch });
    expect(printed(show)).toBe(patch);
    const drawn = printed(show, 80).replaceAll(/\u001b\[\d+m/g, '');
    expect(drawn).toBe(patch.replace('\u001b', '\\x1b'));
  });

  test('of no text is a summary', () => {
    const after = { size: 2048, sha256: 'ab', format: 'ELF' };
    const text = printed((out) => printContent(out, { kind: 'summary', path: '/x', before: null, after }));
    expect(text).toContain('image      no such file');
    expect(text).toContain('container  ELF, 2 KiB, sha256 ab');
  });
});

test('lines of docker diff keep the bytes of a name in a pipe, and are printable on a terminal', () => {
  const { stream } = fakeStream();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
  printDockerLines(createOutput(stream), ['A /a\udcff\u001b']);
  expect(Buffer.concat(chunks)).toEqual(Buffer.from([0x41, 0x20, 0x2f, 0x61, 0xff, 0x1b, 0x0a]));
  expect(printed((out) => printDockerLines(out, ['A /a\udcff\u001b']), 80)).toBe('A /a\\xff\\x1b\n');
});

const denial: Denial = {
  ...{ enforced: true, path: HOSTILE, access: 'interpret', sha256: null, size: 3, reason: HOSTILE, times: 2 },
  writer: { pid: 1, exe: HOSTILE, commandLine: [HOSTILE] },
  reader: { pid: 2, exe: HOSTILE, sockets: [HOSTILE] },
  allow: { path: `/${HOSTILE}`, writer: HOSTILE, reader: `/*: "'#{} \\${HOSTILE}` },
};

describe('an event of the guard', () => {
  const container = { id: 'c', name: HOSTILE };
  const events: GuardEvent[] = [
    {
      at,
      type: 'watching',
      container,
      mode: 'heal',
      sensor: 'fanotify',
      blindSpots: [HOSTILE],
      protection: { state: 'enforced', gaps: [HOSTILE] },
    },
    { at, type: 'denied', container, incident: 'inc-1', ...denial },
    { at, type: 'ready', containers: 2 },
    { at, type: 'change', container, change: added(HOSTILE), expected: null },
    {
      at,
      type: 'finding',
      container,
      incident: 'inc-1',
      latencyMs: 12,
      finding: { ...finding, path: HOSTILE, process: { pid: 1, commandLine: [HOSTILE] } },
    },
    { at, type: 'step', container, incident: 'inc-1', step: 'freeze', phase: 'failed', text: HOSTILE },
    { at, type: 'incident', incident: { ...incident, error: HOSTILE } },
    { at, type: 'gap', container: null, reason: HOSTILE, rescanned: false },
    {
      ...{ at, type: 'refused-write', container, plan: null, untold: 2, next: HOSTILE },
      write: { path: HOSTILE, call: HOSTILE, command: HOSTILE, pid: 1, at, seenBy: 'kernel' },
    },
    { at, type: 'unwatched', container, reason: HOSTILE },
    { at, type: 'problem', code: 'E_ENGINE_GONE', message: HOSTILE, next: HOSTILE },
  ];

  test.each(events.map((event) => [event.type, event] as const))(
    '%s is printed without control characters',
    (_type, event) => {
      const text = printed((out) => createGuardPrinter(out, { all: false })(event));
      expect(text).toMatch(/^03:04:05\.678 {2}\S/);
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    },
  );

  test('ready has the word that scripts wait for', () => {
    expect(
      printed((out) => createGuardPrinter(out, { all: false })({ at, type: 'ready', containers: 2 })),
    ).toBe('03:04:05.678  ready: 2 containers watched\n');
  });

  test('watching tells once what is not seen of any container', () => {
    const blindSpots = ['memory', 'volumes'];
    const watching = (name: string, more: string[]): GuardEvent => ({
      ...{ at, type: 'watching', container: { id: name, name }, mode: 'watch', sensor: 'fanotify' },
      blindSpots: [...blindSpots, ...more],
      protection: { state: 'none', gaps: [] },
    });
    const text = printed((out) => {
      const print = createGuardPrinter(out, { all: false });
      print(watching('web', []));
      print(watching('db', ['/data']));
    });
    expect(text.match(/not seen: .*/g)).toEqual(['not seen: memory', 'not seen: volumes', 'not seen: /data']);
  });

  test('denied says what was refused, to whom, whose it is, and how to allow it', () => {
    const told = (over: Partial<Denial>) => {
      const event = { at, type: 'denied', container: { id: 'c', name: 'web' }, incident: 'inc-1' } as const;
      return printed((out) => createGuardPrinter(out, { all: false })({ ...event, ...denial, ...over }));
    };
    const plain: Partial<Denial> = {
      ...{ path: '/srv/x.py', reason: '/srv/x.py is not from the image.', times: 1 },
      writer: { pid: 1, exe: '/usr/bin/curl', commandLine: ['curl', '-O', 'x'] },
      reader: { pid: 2, user: 'www', exe: '/usr/bin/python3.11', sockets: ['tcp 10.0.0.2:80 10.0.0.9:4'] },
      allow: { path: '/srv/x.py', sha256: '0'.repeat(64), reader: '/usr/bin/python3.11' },
    };
    expect(told(plain)).toBe(
      [
        '03:04:05.678  web: refused: /srv/x.py is not from the image. (inc-1)',
        '              to www /usr/bin/python3.11 (pid 2), tcp 10.0.0.2:80 10.0.0.9:4',
        '              made by curl -O x (pid 1)',
        `              allow: {path: /srv/x.py, sha256: "${'0'.repeat(64)}", reader: /usr/bin/python3.11}`,
        '',
      ].join('\n'),
    );
    const seen = { ...plain, enforced: false, times: 3, writer: null, reader: null };
    expect(told(seen).split('\n').slice(0, 2)).toEqual([
      '03:04:05.678  web: would be refused 3 times: /srv/x.py is not from the image. (inc-1)',
      `              allow: {path: /srv/x.py, sha256: "${'0'.repeat(64)}", reader: /usr/bin/python3.11}`,
    ]);
    const [, allow = ''] = /allow: (.*)\n/.exec(told({})) ?? [];
    expect(parse(allow)).toEqual(denial.allow);
  });

  test('watching says what is refused, and what is not covered', () => {
    const watching = (state: 'enforced' | 'told' | 'none') =>
      printed((out) =>
        createGuardPrinter(out, { all: false })({
          ...{
            at,
            type: 'watching',
            container: { id: 'c', name: 'web' },
            mode: 'protect',
            sensor: 'fanotify',
          },
          ...{ blindSpots: [], protection: { state, gaps: ['memory'] } },
        }),
      );
    expect(watching('enforced')).toMatch(/ {14}code .* is refused\n {14}not covered: memory\n$/);
    expect(watching('told')).toContain('is told, not refused\n');
    expect(watching('none')).toContain('is not refused\n');
  });

  test('of an expected change is printed only when asked for', () => {
    const event: GuardEvent = {
      at,
      type: 'change',
      container,
      change: added('/run/a.pid'),
      expected: 'a pid file',
    };
    expect(printed((out) => createGuardPrinter(out, { all: false })(event))).toBe('');
    expect(printed((out) => createGuardPrinter(out, { all: true })(event))).toContain(
      'A /run/a.pid (file 0644 0:0 3 B) (expected: a pid file)',
    );
  });
});

test('an incident is told with findings and timeline', () => {
  const timeline = [
    { at, kind: 'finding' as const, text: HOSTILE },
    { at: '2026-01-02T03:04:06.878Z', kind: 'done' as const, step: 'freeze' as const, text: 'paused' },
  ];
  const text = printed((out) => printIncident(out, incident, timeline));
  expect(text).toContain('healed, mode heal, worst severity critical');
  expect(text).toContain(`opened       ${at}, ended after 4.2 s`);
  expect(text).toMatch(/2026-01-02 03:04:06\.878 {2,}1\.2 s {2}freeze done {2}paused/);
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
});

describe('evidence', () => {
  const manifest: BundleManifest = {
    ...{ bundle: 'ev-1', incident: null, capturedAt: at, sealedAt: at, clockOffsetMs: null, frozen: true },
    container: { id: 'c'.repeat(64), name: HOSTILE, image: HOSTILE, imageId: 'sha256:0', repoDigests: [] },
    collector: { name: 'pristine', version: '0.1.0', host: 'h', kernel: 'k', user: 'root' },
    items: [
      {
        path: 'inspect.json',
        title: 'configuration',
        mediaType: 'application/json',
        size: 10,
        sha256: 'ab'.repeat(32),
      },
    ],
    image: { reference: 'pristine-evidence:ev-1', config: '', layers: [], baseLayers: 0 },
    files: [],
    omissions: [HOSTILE],
  };

  test('is shown with contents, omissions and custody', () => {
    const entry = { seq: 3, at, action: 'seal' as const, bundle: 'ev-1', actor: 'root@h', version: '0.1.0' };
    const custody = [{ ...entry, detail: { items: HOSTILE }, previous: '', signature: '' }];
    const text = printed((out) => printBundle(out, { manifest, path: '/state/ev-1', custody }));
    expect(text).toMatch(/^inspect\.json {2}configuration {2}10 B {2}abababababab$/m);
    expect(text).toMatch(/^ +3 {2}2026-01-02 03:04:05\.678 {2}seal +root@h +items: /m);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });

  test('that does not verify names what is wrong', () => {
    const report = { bundle: 'ev-1', ok: false, filesChecked: 3, bytesChecked: 2048, keyId: 'k1' };
    const problems = [{ subject: HOSTILE, problem: 'changed' as const, detail: 'SHA-256 differs' }];
    const text = printed((out) => printVerifyReport(out, { ...report, problems }));
    expect(text).toContain('ev-1: NOT INTACT (3 files, 2 KiB, key k1)');
    expect(text).toMatch(/^changed .* SHA-256 differs$/m);
    expect(printed((out) => printVerifyReport(out, { ...report, ok: true, problems: [] }))).toBe(
      'ev-1: intact (3 files, 2 KiB, key k1)\n',
    );
  });
});

test('a doctor without an engine says so', () => {
  const text = printed((out) =>
    printDoctor(out, {
      ...{ version: '0.1.0', runtime: 'Node.js 24', stateDirectory: '/s', checks: [] },
      engine: { ok: false, problem: 'nothing answers', next: 'Start one.' },
      sensor: { kind: 'polling', because: 'not root' },
    }),
  );
  expect(text).toContain('none: nothing answers\n  do       Start one.\n');
  expect(text).toContain('polling: not root');
});
