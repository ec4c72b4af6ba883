/** Containers that are frozen, stopped, hostile, or on an engine whose storage is out of reach. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker, startContainer } from '../../../test/support/engine.ts';
import { captureContainer, type TestState, testEngine, testState } from '../../../test/support/evidence.ts';
import type { Engine } from '../../engine/index.ts';
import { systemClock } from '../../kernel/index.ts';
import { createOverlayReader, type DriftReader } from '../../sensor/index.ts';
import { createEvidenceStore, type EvidenceStore } from '../index.ts';
import type { CapturedBundle } from './capture.ts';

let state: TestState;
let engine: Engine;
let store: EvidenceStore;
beforeAll(async () => {
  state = testState();
  engine = await testEngine(state.path);
  store = createEvidenceStore(state.path, { clock: systemClock });
});
afterAll(() => state?.[Symbol.dispose]());

const lines = ({ path }: CapturedBundle, name: string) =>
  readFileSync(join(path, 'items', name), 'utf8')
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const current = async (bundle: string, path: string) =>
  Buffer.from((await store.readCurrent(bundle, path, 100))?.bytes ?? []).toString();

test('a paused container is captured with its processes, and stays paused', async () => {
  await using suspect = await startContainer();
  await suspect.sh('echo x > /x; sleep 777 & until grep -qx sleep /proc/$!/comm; do sleep 0.05; done');
  await docker('pause', suspect.id);
  const bundle = await captureContainer(suspect.id, state.path, { engine, frozen: true });
  expect(lines(bundle, 'processes.jsonl').map(({ commandLine }) => commandLine.join(' '))).toContain(
    'sleep 777',
  );
  expect(bundle.manifest.frozen).toBe(true);
  expect(await docker('inspect', '-f', '{{.State.Paused}}', suspect.id)).toBe('true');
  expect((await store.verifySealed(bundle.bundle)).problems).toEqual([]);
});

test('a stopped container is captured with its volumes listed, and says what was gone', async () => {
  await using suspect = await startContainer({ options: ['-v', '/data', '--tmpfs', '/scratch'] });
  await suspect.sh(
    'echo row > /data/row; echo x > /x; ln -s /etc/shadow /data/link; mkfifo /data/pipe; rm /bin/busybox',
  );
  await docker('kill', suspect.id);
  const bundle = await captureContainer(suspect.id, state.path, { engine });
  expect(lines(bundle, 'mount-files.jsonl')).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ path: '/data/row', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }),
      expect.objectContaining({ path: '/data/link', type: 'symlink', target: '/etc/shadow', sha256: null }),
      expect.objectContaining({ path: '/data/pipe', type: 'fifo', sha256: null }),
    ]),
  );
  expect(bundle.manifest.omissions).toContainEqual(expect.stringContaining('did not run'));
  expect(await current(bundle.bundle, '/x')).toBe('x\n');
  expect(await store.readCurrent(bundle.bundle, '/bin/busybox', 9)).toBeNull();
  expect((await store.readOriginal(bundle.bundle, '/bin/busybox', 9))?.bytes).toHaveLength(9);
});

test('where storage is out of reach, the engine’s own commit is the upper layer', async () => {
  await using suspect = await startContainer();
  await suspect.sh('echo x > /x; rm /bin/wget');
  const details = await engine.inspect(suspect.id);
  const overlay = createOverlayReader();
  const reader: DriftReader = { ...overlay, scan: (_, options) => overlay.scan(details, options) };
  const bundle = await captureContainer(suspect.id, state.path, {
    engine,
    details: { ...details, overlay: null },
    reader,
  });
  expect(await docker('images', '-aq', '--filter', `label=pristine.evidence=${bundle.bundle}`)).toBe('');
  expect((await store.verifySealed(bundle.bundle)).problems).toEqual([]);
  expect(bundle.manifest.image.layers).toHaveLength(bundle.manifest.image.baseLayers + 1);
  expect(await current(bundle.bundle, '/x')).toBe('x\n');
  expect(await store.readCurrent(bundle.bundle, '/bin/wget', 9)).toBeNull();
  await using image = await store.openShellImage(engine, bundle.bundle);
  expect(await docker('run', '--rm', '--label', 'pristine.test=1', image.reference, 'cat', '/x')).toBe('x');
});

test('nothing of the host is read through what a hostile container left, and nothing is waited for', async () => {
  await using suspect = await startContainer({ options: ['--tmpfs', '/scratch', '-v', '/data'] });
  await suspect.sh(`
    for d in /tmp /scratch /data /dev/shm; do
      ln -s /etc/shadow $d/shadow; ln -s / $d/root; mkfifo $d/pipe
      printf x > "$d/$(printf 'a\\033[31m\\nb\\377')"; truncate -s 1000000000000 $d/huge
    done
    mkfifo /tmp/held; sh -c 'exec 3<>/tmp/held; rm /tmp/held; exec sleep 555' & sleep 0.2`);
  const start = performance.now();
  const bundle = await captureContainer(suspect.id, state.path, { engine });
  expect(performance.now() - start).toBeLessThan(10_000);
  const shadow = readFileSync('/etc/shadow');
  const grep = execFileSync(
    'sh',
    ['-c', `grep -rlF "$1" items || true`, 'sh', shadow.toString().split('\n')[0] ?? ''],
    {
      cwd: bundle.path,
      encoding: 'utf8',
    },
  );
  expect(grep).toBe('');
  const [size] = execFileSync('du', ['-s', '--apparent-size', '-B1', join(bundle.path, 'items')], {
    encoding: 'utf8',
  }).split('\t');
  expect(Number(size)).toBeLessThan(64 << 20);
  expect(bundle.manifest.omissions.join('\n')).not.toMatch(/\p{Cc}(?<!\n)/u);
  expect((await store.verifySealed(bundle.bundle)).ok).toBe(true);
  const tars = readdirSync(join(bundle.path, 'items/memory-filesystems'));
  expect(tars.length).toBeGreaterThanOrEqual(2);
});

test('names of the container’s that look like whiteouts hide nothing of the image', async () => {
  await using suspect = await startContainer();
  await suspect.sh(`
    : > /bin/.wh.busybox; : > /bin/.wh..wh..opq; mkdir /.wh.bin; echo loot > /.wh.bin/loot
    echo evil > /etc/.wh.a; ln /etc/.wh.a /etc/evil; rm /bin/wget`);
  const { bundle, manifest } = await captureContainer(suspect.id, state.path, { engine });
  expect((await store.readCurrent(bundle, '/bin/busybox', 9))?.bytes).toHaveLength(9);
  expect(await current(bundle, '/.wh.bin/loot')).toBe('loot\n');
  expect(await current(bundle, '/etc/evil')).toBe('evil\n');
  expect(await store.readCurrent(bundle, '/bin/wget', 9)).toBeNull();
  expect(manifest.omissions).toContainEqual(
    expect.stringContaining('/bin/.wh.busybox is not in the evidence image'),
  );
  await using image = await store.openShellImage(engine, bundle);
  const run = ['run', '--rm', '--label', 'pristine.test=1', image.reference];
  const seen = await docker(...run, 'sh', '-c', 'cat /etc/evil; ls /bin/wget 2>&1 || true');
  expect(seen).toMatch(/^evil\nls: .*No such file/);
});

test('a first process that changed its root does not hide volumes, and the rest is said', async () => {
  const script =
    'mkdir -p /jail/bin; cp /bin/busybox /jail/bin/sleep; echo row > /data/row; exec chroot /jail /bin/sleep 999';
  await using suspect = await startContainer({
    options: ['-v', '/data', '--tmpfs', '/scratch'],
    command: ['sh', '-c', script],
  });
  await expect.poll(() => docker('top', suspect.id, '-o', 'pid,comm').catch(() => '')).toContain('sleep');
  const bundle = await captureContainer(suspect.id, state.path, { engine });
  expect(lines(bundle, 'mount-files.jsonl')).toContainEqual(expect.objectContaining({ path: '/data/row' }));
  expect(bundle.manifest.omissions).toContainEqual(expect.stringContaining('changed its root'));
  expect(bundle.manifest.omissions).toContainEqual(expect.stringContaining('/scratch is not captured'));
});

test('deleted files of nothing but holes keep nobody reading', async () => {
  await using suspect = await startContainer();
  await suspect.sh(`
    sh -c 'for i in 3 4 5 6 7 8 9; do truncate -s 250M /tmp/h$i; eval "exec $i</tmp/h$i"; rm /tmp/h$i; done
      truncate -s 1k /tmp/s; exec 2</tmp/s; rm /tmp/s; exec sleep 555' &
    until grep -qx sleep /proc/$!/comm; do sleep 0.05; done`);
  const { manifest } = await captureContainer(suspect.id, state.path, { engine });
  const held = manifest.items.filter(({ path }) => path.startsWith('items/deleted-files/'));
  expect(held.map(({ size }) => size)).toEqual([1024]);
  expect(manifest.omissions.filter((sentence) => sentence.includes('are holes'))).toHaveLength(7);
});

test('the evidence shows custody: captured, sealed, verified, shown', async () => {
  await using suspect = await startContainer();
  const { bundle } = await captureContainer(suspect.id, state.path, { engine });
  await store.verify(bundle);
  await store.record('destroy-suspect', bundle, { container: suspect.id });
  const { custody, manifest } = await store.show(bundle);
  expect(custody.map(({ action }) => action)).toEqual([
    'capture',
    'seal',
    'verify',
    'destroy-suspect',
    'show',
  ]);
  expect(manifest.container.id).toBe(suspect.id);
});
