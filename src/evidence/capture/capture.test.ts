import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, startContainer, type TestContainer } from '../../../test/support/engine.ts';
import { captureContainer, type TestState, testEngine, testState } from '../../../test/support/evidence.ts';
import type { Engine } from '../../engine/index.ts';
import { systemClock } from '../../kernel/index.ts';
import { createEvidenceStore, type EvidenceStore } from '../index.ts';
import type { CapturedBundle } from './capture.ts';

const sh = (script: string, cwd: string) => execFileSync('sh', ['-ec', script], { cwd, encoding: 'utf8' });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let state: TestState;
let engine: Engine;
let store: EvidenceStore;
let suspect: TestContainer;
let bundle: CapturedBundle;
const item = (name: string) => readFileSync(join(bundle.path, 'items', name));
const json = (name: string) => JSON.parse(item(name).toString('utf8'));
const lines = (name: string) =>
  item(name)
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  state = testState();
  engine = await testEngine(state.path);
  store = createEvidenceStore(state.path, { clock: systemClock });
  suspect = await startContainer({
    options: ['--tmpfs', '/scratch', '-v', '/data', '-e', 'DB_PASSWORD=hunter2', '--network', 'bridge'],
    command: ['sh', '-c', 'echo hello from the suspect; trap exit TERM; while :; do sleep 1; done'],
  });
  await suspect.sh(`
    runs() { until grep -qx "$2" /proc/$1/comm; do sleep 0.05; done; }
    cp /bin/busybox /tmp/sleep; /tmp/sleep 1234 & runs $! sleep; rm /tmp/sleep
    sh -c 'exec 3>/tmp/loot; echo stolen >&3; rm /tmp/loot; exec /bin/sleep 4321' & runs $! sleep
    nc -l -p 4444 & until grep -q :115C /proc/net/tcp /proc/net/tcp6; do sleep 0.05; done
    echo on-tmpfs > /scratch/note; echo in-memory > /dev/shm/note
    echo on-volume > /data/row; echo changed > /etc/motd; echo '<?php eval($_GET[0]);' > /tmp/shell.php
    mkfifo /tmp/pipe; ln -s /etc/shadow /tmp/link; chmod 700 /root; rm /bin/wget`);
  bundle = await captureContainer(suspect.id, state.path, { engine });
});
afterAll(async () => {
  await suspect?.[Symbol.asyncDispose]();
  state?.[Symbol.dispose]();
});

describe('a captured bundle', () => {
  test('holds a deleted executable that still runs', () => {
    const process = lines('processes.jsonl').find(({ commandLine }) => commandLine.includes('1234'));
    expect(process.executable).toMatchObject({ path: '/tmp/sleep (deleted)', deleted: true });
    const kept = readFileSync(join(bundle.path, process.executable.item));
    expect(kept.equals(readFileSync('/bin/busybox'))).toBe(true);
    expect(process.environment).toContain('DB_PASSWORD=hunter2');
    expect(process.uids).toEqual([0, 0, 0, 0]);
    expect(process.maps).toContain('/tmp/sleep (deleted)');
    expect(Math.abs(Date.parse(process.startedAt) - Date.now())).toBeLessThan(60_000);
  });

  test('hashes the image’s own executables and does not copy them', () => {
    const init = lines('processes.jsonl').find(({ namespacePids }) => namespacePids.at(-1) === 1);
    expect(init.executable.sha256).toBe(sha256(readFileSync('/bin/busybox')));
    expect(init.executable.item).toBeUndefined();
    expect(readdirSync(join(bundle.path, 'items/executables'))).toHaveLength(1);
  });

  test('holds a deleted file that a process has open', () => {
    const process = lines('processes.jsonl').find(({ commandLine }) => commandLine.includes('4321'));
    const file = process.descriptors.find(({ fd }: { fd: number }) => fd === 3);
    expect(file.target).toBe('/tmp/loot (deleted)');
    expect(readFileSync(join(bundle.path, file.deletedFile.item), 'utf8')).toBe('stolen\n');
  });

  test('lists sockets and who holds them', () => {
    const socket = json('sockets.json').find(({ local }: { local: string }) => local.endsWith(':4444'));
    expect(socket).toMatchObject({ state: 'LISTEN', holders: [{ pid: expect.any(Number) }] });
  });

  test('holds what was in memory filesystems, and lists volumes with hashes', () => {
    const archives = readdirSync(join(bundle.path, 'items/memory-filesystems'));
    const contents = archives.map((name) =>
      sh(`tar -xOf items/memory-filesystems/${name} note 2>/dev/null || true`, bundle.path),
    );
    expect(contents).toEqual(expect.arrayContaining(['on-tmpfs\n', 'in-memory\n']));
    const files = lines('mount-files.jsonl');
    expect(files).toContainEqual(
      expect.objectContaining({ path: '/data/row', sha256: sha256(Buffer.from('on-volume\n')) }),
    );
    expect(files.map(({ path }) => path)).toContain('/etc/hosts');
  });

  test('holds the engine’s view, output, events and the drift', () => {
    expect(json('inspect.json').Config.Env).toContain('DB_PASSWORD=hunter2');
    expect(item('logs.txt').toString()).toContain('hello from the suspect');
    expect(json('engine-events.json').length).toBeGreaterThan(0);
    const paths = json('drift.json').changes.map(
      ({ path, kind }: { path: string; kind: string }) => kind + path,
    );
    expect(paths).toEqual(expect.arrayContaining(['A/tmp/shell.php', 'A/etc/motd', 'D/bin/wget']));
  });

  test('says what is not in it', () => {
    expect(bundle.manifest.omissions).toEqual(
      expect.arrayContaining([expect.stringContaining('memory'), expect.stringContaining('Volumes')]),
    );
  });

  test('is accepted by sha256sum and by verify', async () => {
    expect(sh('sha256sum -c --quiet --strict SHA256SUMS', bundle.path)).toBe('');
    const report = await store.verify(bundle.bundle);
    expect(report.problems).toEqual([]);
    expect(report.ok).toBe(true);
    const sealed = new Set(readFileSync(join(bundle.path, 'SHA256SUMS'), 'utf8').match(/\S+$/gm));
    const beside = new Set(['SHA256SUMS', 'seal.dsse.json', 'ledger.jsonl']);
    for (const entry of readdirSync(bundle.path, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name).slice(bundle.path.length + 1);
      if (entry.isFile() && !beside.has(path)) expect(sealed).toContain(path);
    }
  });

  test('keeps secrets to its owner', () => {
    expect(statSync(join(state.path, 'evidence')).mode & 0o777).toBe(0o700);
    expect(statSync(join(bundle.path, 'items/inspect.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(state.path, 'keys/host.key')).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(bundle.manifest)).not.toContain('hunter2');
  });
});

describe('the evidence image', () => {
  test('is loaded by docker load from the directory, and has the container’s files', async () => {
    const { reference } = bundle.manifest.image;
    sh('tar -C . -c . | docker load -q', bundle.path);
    try {
      const seen = await docker(
        'run',
        '--rm',
        '--network',
        'none',
        '--read-only',
        '--label',
        'pristine.test=1',
        reference,
        ...[
          'sh',
          '-c',
          'cat /etc/motd /tmp/shell.php; readlink /tmp/link; stat -c %a /root; ls /bin/wget 2>&1; test -p /tmp/pipe',
        ],
      ).catch((error) => String(error));
      expect(seen).toContain('changed\n<?php eval($_GET[0]);\n/etc/shadow\n700\nls: /bin/wget: No such file');
    } finally {
      await docker('rmi', '-f', reference);
    }
  });

  test('is lent for a shell and removed after', async () => {
    {
      await using image = await store.openShellImage(engine, bundle.bundle);
      expect(
        await docker('run', '--rm', '--label', 'pristine.test=1', image.reference, 'cat', '/etc/motd'),
      ).toBe('changed');
    }
    expect(await docker('images', '-q', bundle.manifest.image.reference)).toBe('');
  });

  test('shares the base layers with the next bundle, without asking the engine again', async () => {
    const noSave = { ...engine, saveImage: () => Promise.reject(new Error('asked again')) };
    const second = await captureContainer(suspect.id, state.path, { engine: noSave });
    const base = bundle.manifest.image.layers[0];
    const inode = (path: string) => statSync(join(path, 'blobs/sha256', base ?? '')).ino;
    expect(inode(second.path)).toBe(inode(bundle.path));
    expect((await store.list()).map(({ bundle: id }) => id)).toEqual([second.bundle, bundle.bundle]);
  });
});

describe('a bundle’s content', () => {
  const text = async (which: 'readCurrent' | 'readOriginal', path: string) =>
    Buffer.from(
      (await store[which](bundle.bundle, path, 1 << 20))?.bytes ?? Buffer.from('(none)'),
    ).toString();

  test('is read as the container and as the image have it', async () => {
    expect(await text('readCurrent', '/etc/motd')).toBe('changed\n');
    expect(await text('readOriginal', '/etc/motd')).toBe('(none)');
    expect(await text('readCurrent', '/tmp/link')).toBe('(none)');
    const [current, original] = [
      await text('readCurrent', '/bin/busybox'),
      await text('readOriginal', '/bin/busybox'),
    ];
    expect(current.length).toBeGreaterThan(1000);
    expect(original).toBe(current);
    expect((await store.drift(bundle.bundle)).source).toBe('bundle');
  });
});

describe('an export', () => {
  test('is the same each time, verifies, loads, and is never written over a file', async () => {
    const [one, two] = [join(state.path, 'one.tar'), join(state.path, 'two.tar')];
    await store.export(bundle.bundle, one);
    await store.export(bundle.bundle, two);
    expect(sha256(readFileSync(one))).toBe(sha256(readFileSync(two)));
    expect((await store.verify(one)).problems).toEqual([]);
    expect((await store.manifest(one)).bundle).toBe(bundle.bundle);
    await expect(store.export(bundle.bundle, one)).rejects.toMatchObject({ code: 'E_USAGE' });
    const nowhere = join(state.path, 'no/such/folder.tar');
    await expect(store.export(bundle.bundle, nowhere)).rejects.toMatchObject({ code: 'E_USAGE' });
    expect(
      sh(`mkdir x; tar -C x -xf one.tar; cd x; sha256sum -c --quiet --strict SHA256SUMS`, state.path),
    ).toBe('');
    sh('docker load -q -i one.tar', state.path);
    await docker('rmi', '-f', bundle.manifest.image.reference);
  });
});

describe('a capture that does not come to its end', () => {
  test('leaves no bundle when it is interrupted, whenever that is', async () => {
    const before = readdirSync(join(state.path, 'evidence')).sort();
    for (const stop of ['processes and sockets', 'mounts', 'drift', 'upper layer and image', 'sealing']) {
      const abort = new AbortController();
      const capture = captureContainer(suspect.id, state.path, {
        engine,
        signal: abort.signal,
        onProgress: (what) => what === stop && abort.abort(new Error('interrupted')),
      });
      if (stop !== 'sealing') await expect(capture).rejects.toThrow('interrupted');
      else await capture;
    }
    expect(readdirSync(join(state.path, 'evidence')).filter((name) => !name.startsWith('ev-'))).toEqual([]);
    expect(readdirSync(join(state.path, 'evidence')).length).toBe(before.length + 1);
  });

  test('says so when the disk is full, and loses nothing', async () => {
    using full = testState();
    sh('mount -t tmpfs -o size=3m none .', full.path);
    try {
      const capture = captureContainer(suspect.id, full.path, { engine });
      await expect(capture).rejects.toMatchObject({ code: 'E_DISK_FULL' });
      expect(readdirSync(join(full.path, 'evidence'))).toEqual([]);
      expect(await docker('inspect', '-f', '{{.State.Running}}', suspect.id)).toBe('true');
    } finally {
      sh(`umount ${full.path}`, '/');
    }
  });

  test('removes what a process that died had begun', async () => {
    sh('mkdir -p evidence/.tmp-ev-dead; echo x > evidence/.tmp-ev-dead/part', state.path);
    await captureContainer(suspect.id, state.path, { engine });
    expect(existsSync(join(state.path, 'evidence/.tmp-ev-dead'))).toBe(false);
  });
});
