import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startContainer, type TestContainer } from '../../../test/support/engine.ts';
import { watchTarget } from '../../../test/support/watch-target.ts';
import type { Change, Drift, WatchTarget } from '../../contract/index.ts';
import { createOverlayReader } from './reader.ts';

const MIB = 1024 * 1024;
const options = { hash: true, maxHashBytes: 512 * MIB };
const reader = createOverlayReader();
const shadow = createHash('sha256').update(readFileSync('/etc/shadow')).digest('hex');

let container: TestContainer;
let target: WatchTarget;

/** Directories of 100 levels with names of 255 bytes: paths six times as long as a system call takes. */
const DEEP = `n=$(printf 'n%.0s' $(seq 255)); i=0; while [ $i -lt 100 ]; do mkdir $n; cd -P $n 2>/dev/null; i=$((i+1)); done; echo deep > leaf`;

beforeAll(async () => {
  container = await startContainer();
  await container.sh(
    [
      'set -e',
      'mkdir /h && cd /h && ln -s /etc/shadow shadow && ln -s / root && ln -s /proc/self/fd fds && mkfifo fifo',
      'ln -s ../../../../../../../../../../../../etc up && mkdir dir && echo x > dir/f',
      'truncate -s 1099511627776 sparse1T && truncate -s 314572800 sparse300M',
      'dd if=/dev/zero of=big300M bs=1M count=300 2>/dev/null',
      'mknod zero c 1 5 && echo x > "$(printf \'\\033]0;owned\\007\')"',
      'mkdir deep && cd deep',
      DEEP,
    ].join('\n'),
  );
  target = await watchTarget(container.id);
});
afterAll(() => container?.[Symbol.asyncDispose]());

describe('a scan of hostile content', () => {
  let drift: Drift;
  let cpuSeconds: number;
  let rss: number;

  beforeAll(async () => {
    ({ drift, rss, cpuSeconds } = await scanInItsOwnProcess(target));
  });
  const at = (name: string): Change | undefined => drift.changes.find(({ path }) => path === `/h/${name}`);

  test('takes seconds and less than 300 MB', () => {
    expect(cpuSeconds).toBeLessThan(15);
    expect(rss).toBeLessThan(300 * MIB);
  });

  test('reads nothing of the host', () => {
    expect(at('shadow')?.after).toMatchObject({ type: 'symlink', target: '/etc/shadow' });
    expect(at('root')?.after).toMatchObject({ type: 'symlink', target: '/' });
    expect(at('root')?.after?.sha256).toBe(undefined);
    expect(JSON.stringify(drift)).not.toContain(shadow);
    expect(drift.changes.some(({ path }) => path.startsWith('/h/root/') || path.startsWith('/h/up/'))).toBe(
      false,
    );
  });

  test('hashes what is within the limit, holes as zeros, and says what is not', () => {
    const zeros = createHash('sha256');
    for (let i = 0; i < 300; i++) zeros.update(Buffer.alloc(MIB));
    const digest = zeros.digest('hex');
    expect(at('big300M')?.after).toMatchObject({ sha256: digest, size: 300 * MIB });
    expect(at('sparse300M')?.after).toMatchObject({ sha256: digest, allocated: 0 });
    expect(at('sparse1T')?.after).toMatchObject({ unhashed: 'too-large', size: 1024 ** 4 });
    expect(at('fifo')?.after).toMatchObject({ type: 'fifo' });
    expect(at('zero')?.after).toMatchObject({ type: 'char', device: { major: 1, minor: 5 } });
  });

  test('goes to the end of paths that no system call takes', async () => {
    const leaf = drift.changes.find(({ path }) => path.endsWith('/leaf'));
    expect(leaf?.path.length).toBe('/h/deep'.length + 100 * 256 + '/leaf'.length);
    expect(leaf?.after?.sha256).toBe(createHash('sha256').update('deep\n').digest('hex'));
    expect(await reader.examine(target, leaf?.path ?? '', options)).toEqual(leaf);
    expect(String((await reader.readCurrent(target, leaf?.path ?? '', 100))?.bytes)).toBe('deep\n');
  });
});

describe('one path', () => {
  test.each([
    '/h/shadow',
    '/h/root/etc/shadow',
    '/h/up/shadow',
    '/h/fifo',
    '/h/zero',
    '/h/fds/0',
    '/h/dir',
    '/nowhere',
  ])('that is no regular file of the container has no content: %s', async (path) => {
    expect(await reader.readCurrent(target, path, 100)).toBe(null);
    expect(await reader.readOriginal(target, path, 100)).toBe(null);
  });

  test('below a link is no change', async () => {
    expect(await reader.examine(target, '/h/root/etc/shadow', options)).toBe(null);
    expect(await reader.examine(target, '/h/root', options)).toMatchObject({ kind: 'A' });
  });

  test.each(['/h/../../etc/shadow', 'etc/shadow', '/..'])('that leads out is refused: %s', async (path) => {
    await expect(reader.examine(target, path, options)).rejects.toMatchObject({ code: 'E_UNSAFE_PATH' });
    await expect(reader.readCurrent(target, path, 1)).rejects.toMatchObject({ code: 'E_UNSAFE_PATH' });
  });

  test('of a large file is read no further than asked', async () => {
    const sample = await reader.readCurrent(target, '/h/sparse1T', 10);
    expect(sample?.bytes.length).toBe(10);
    expect(sample?.size).toBe(1024 ** 4);
  });
});

describe('a long scan', () => {
  test('gives way to others, and ends when it is told to', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    await reader.scan(target, options);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(10);

    const abort = new AbortController();
    const scanning = reader.scan(target, { ...options, signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 20);
    await expect(scanning).rejects.toThrow('enough');
  });
});

describe('a container that changes all the time', () => {
  test('is scanned all the same', async () => {
    await using busy = await startContainer();
    const churn =
      'mkdir -p a/b; echo x > a/b/f; mv a/b a/c; rm -rf a/c; ln -s / a/b; rm a/b; mv a d; rm -rf d /etc/x';
    await busy.sh(`mkdir /w; cd /w; (while :; do ${churn}; mkdir /etc/x; done) >/dev/null 2>&1 &`);
    const at = await watchTarget(busy.id);
    const seen = new Set<string>();
    for (let i = 0; i < 200; i++)
      for (const { path } of (await reader.scan(at, options)).changes) seen.add(path);
    expect([...seen].filter((path) => !/^\/(w|etc)(\/|$)/.test(path))).toEqual([]);
    expect(seen).toContain('/w');
  });
});

/** Runs a scan in a process of its own, to know its memory and time. */
async function scanInItsOwnProcess(
  of: WatchTarget,
): Promise<{ drift: Drift; rss: number; cpuSeconds: number }> {
  const script = `
    import { createOverlayReader } from ${JSON.stringify(join(import.meta.dirname, 'reader.ts'))};
    const drift = await createOverlayReader().scan(${JSON.stringify(of)}, ${JSON.stringify(options)});
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    console.log(JSON.stringify({ drift, rss: maxRSS * 1024, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 }));`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const parts: Buffer[] = [];
  for await (const part of child.stdout) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}
