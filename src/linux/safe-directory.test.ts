import { execFileSync, spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodePathBytes } from '../kernel/index.ts';
import { fileHandle } from './file-handle.ts';
import { SafeDirectory } from './safe-directory.ts';

let folder: string;
let directory: SafeDirectory;
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pristine-linux-'));
  mkdirSync(at('sub/deeper'), { recursive: true });
  writeFileSync(at('file'), 'content', { mode: 0o640 });
  writeFileSync(at('sub/inside'), 'inside');
  symlinkSync('/etc', at('absolute'));
  symlinkSync('sub', at('relative'));
  symlinkSync('../..', at('sub/up'));
  execFileSync('mkfifo', [at('fifo')]);
  writeFileSync(encodePathBytes(at('bad\udcff\n')), '');
  directory = SafeDirectory.openTrusted(folder);
});
afterAll(() => {
  directory.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('openDirectory', () => {
  test('reaches directories below', () => {
    using below = directory.openDirectory('sub/deeper');
    expect(below?.status().type).toBe('dir');
    using itself = directory.openDirectory('');
    expect(itself?.status().inode).toBe(directory.status().inode);
  });

  test.each(['absolute', 'relative', 'relative/deeper', 'sub/up', 'absolute/ssl', 'file', 'fifo', 'missing'])(
    'follows no link and opens nothing else: %s',
    (path) => expect(directory.openDirectory(path)).toBe(null),
  );

  test.each(['..', 'sub/../..', '/etc', '/'])('refuses what leads out: %s', (path) => {
    expect(() => directory.openDirectory(path)).toThrow(/no path below/);
  });
});

describe('openFile', () => {
  test('opens a regular file and leaves its access time alone', () => {
    utimesSync(at('file'), 1000, 2000);
    using file = directory.openFile('file');
    expect(file?.status).toMatchObject({ type: 'file', mode: 0o640, size: 7, mtime: '2000.000000000' });
    expect(String(readFileSync(file?.descriptor ?? -1))).toBe('content');
    expect(statSync(at('file')).atimeMs).toBe(1_000_000);
  });

  test.each(['fifo', 'absolute', 'absolute/passwd', 'relative/inside', 'sub', 'sub/up', 'missing', 'file/x'])(
    'opens no link, FIFO or directory and does not wait: %s',
    (path) => expect(directory.openFile(path)).toBe(null),
  );

  test('opens nothing while an attacker swaps a directory with a link to the host', async () => {
    mkdirSync(at('swap'));
    writeFileSync(at('swap/passwd'), 'bait');
    symlinkSync('/etc', at('link'));
    const swapper = `import { renameSync } from 'node:fs';
      const [a, b, t] = process.argv.slice(1);
      for (let end = Date.now() + 1500; Date.now() < end; ) { renameSync(a, t); renameSync(b, a); renameSync(a, b); renameSync(t, a); }`;
    const child = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      swapper,
      at('swap'),
      at('link'),
      at('t'),
    ]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const sizes = new Set<number>();
    let running = true;
    ended.then(() => {
      running = false;
    });
    let misses = 0;
    while (running) {
      for (let i = 0; i < 200; i++) {
        using file = directory.openFile('swap/passwd');
        if (file === null) misses += 1;
        else sizes.add(file.status.size);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(misses).toBeGreaterThan(0);
    expect([...sizes]).toEqual([4]);
  });
});

describe('entries', () => {
  test('are named byte by byte', () => {
    expect([...directory.names()]).toContain('bad\udcff\n');
    expect([...directory.names()]).toEqual([...directory.names()]);
    expect([...directory.names()]).not.toContain('..');
    expect(directory.stat('bad\udcff\n')).toMatchObject({ type: 'file', size: 0 });
  });

  test('of thousands are all named', () => {
    mkdirSync(at('many'));
    for (let i = 0; i < 3000; i++) writeFileSync(at(`many/${i}-${'n'.repeat(200)}`), '');
    using many = directory.openDirectory('many');
    expect(new Set(many?.names()).size).toBe(3000);
  });

  test('are described as links, not as what they lead to', () => {
    expect(directory.stat('absolute')?.type).toBe('symlink');
    expect(directory.readLink('absolute')).toBe('/etc');
    expect(directory.readLink('file')).toBe(null);
    expect(directory.stat('missing')).toBe(null);
    expect(() => directory.stat('sub/inside')).toThrow(/no path below/);
  });

  test('have the type that they are of', async () => {
    expect(directory.stat('fifo')?.type).toBe('fifo');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at('socket~'), resolve));
    renameSync(at('socket~'), at('socket'));
    await new Promise((resolve) => server.close(resolve));
    expect(directory.stat('socket')?.type).toBe('socket');
    using dev = SafeDirectory.openTrusted('/dev');
    expect(dev.stat('null')).toMatchObject({ type: 'char', represents: { major: 1, minor: 3 } });
  });

  test('keep their times to the nanosecond, before 1970 too', () => {
    execFileSync('touch', ['-d', '2001-02-03T04:05:06.123456789Z', at('sub/inside')]);
    using sub = directory.openDirectory('sub');
    expect(sub?.stat('inside')?.mtime).toBe('981173106.123456789');
    execFileSync('touch', ['-d', '1969-12-31T23:59:58.75Z', at('sub/inside')]);
    expect(sub?.stat('inside')?.mtime).toBe('-1.250000000');
    execFileSync('touch', ['-d', '1969-12-31T23:59:59.75Z', at('sub/inside')]);
    expect(sub?.stat('inside')?.mtime).toBe('-0.250000000');
  });

  test('have handles that tell inodes apart, whatever their names', () => {
    execFileSync('ln', [at('file'), at('hard')]);
    const handle = (name: string) => fileHandle(directory.descriptor, Buffer.from(name));
    expect(handle('file')).toMatch(/^\d+:[0-9a-f]+$/);
    expect(handle('hard')).toBe(handle('file'));
    expect(handle('sub')).not.toBe(handle('file'));
    expect(handle('absolute')).not.toBe(null);
    expect(handle('missing')).toBe(null);
  });
});
