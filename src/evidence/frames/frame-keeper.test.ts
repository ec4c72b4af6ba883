import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DENIED_CONTAINER, DENIED_INCIDENT, denial, unlinkedFile } from '../../../test/support/denied.ts';
import { type TestState, testState } from '../../../test/support/evidence.ts';
import { smallDisk } from '../../../test/support/guard.ts';
import { systemClock } from '../../kernel/index.ts';
import { createEvidenceStore } from '../index.ts';
import { copyFrame } from './copy-frame.ts';
import { createFrameKeeper, type FrameKeeper } from './frame-keeper.ts';
import { inTime } from './in-time.ts';

let state: TestState;
beforeEach(() => {
  state = testState();
});
afterEach(() => state[Symbol.dispose]());

type Limits = Parameters<typeof createFrameKeeper>[1]['limits'];
const keeperOf = (limits: Limits = {}, path = state.path) =>
  createFrameKeeper(path, { clock: systemClock, limits });
const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const blob = (digest: string) => join(state.path, 'blobs/sha256', digest);
const blobs = (path = state.path) => readdirSync(join(path, 'blobs/sha256'));
const store = (path = state.path) => createEvidenceStore(path, { clock: systemClock });
const records = () => store().denied(DENIED_INCIDENT);
const request = (descriptor: number, path = '/tmp/x') => ({
  incident: DENIED_INCIDENT,
  container: DENIED_CONTAINER,
  at: Date.UTC(2026, 0, 2),
  denial: denial({ path }),
  descriptor,
});
const keep = async (keeper: FrameKeeper, content: string | Uint8Array, path?: string) => {
  using file = unlinkedFile(content);
  return await keeper.keep(request(file.descriptor, path));
};

test('an unlinked file is kept whole, with the refusal and its hash in the ledger', async () => {
  const content = Buffer.alloc(3_000_000, 'code');
  using file = unlinkedFile(content);
  // The descriptor's offset is at the end now, and others share it.
  const kept = await keeperOf().keep(request(file.descriptor));
  const digest = sha256(content);
  expect(kept).toEqual({
    sha256: digest,
    size: content.length,
    frame: `denied/${DENIED_INCIDENT}/000001.json`,
    notes: [],
  });
  expect(readFileSync(blob(digest)).equals(content)).toBe(true);
  expect(statSync(blob(digest)).mode & 0o7777).toBe(0o600);
  expect(await records()).toEqual([
    {
      incident: DENIED_INCIDENT,
      container: DENIED_CONTAINER,
      at: '2026-01-02T00:00:00.000Z',
      denial: denial({ sha256: digest, size: content.length }),
      kept: { sha256: digest, size: content.length, form: 'file', whole: true },
      notes: [],
    },
  ]);
  const { custody } = await store().showDenied(DENIED_INCIDENT);
  expect(custody.map(({ action }) => action)).toEqual(['deny', 'show']);
  expect(custody[0]?.detail).toEqual({
    incident: DENIED_INCIDENT,
    container: DENIED_CONTAINER.id,
    path: '/tmp/x',
    content: digest,
    record: kept.frame,
    recordSha256: sha256(readFileSync(join(state.path, kept.frame ?? ''))),
  });
  expect((await store().verifyDenied(DENIED_INCIDENT)).problems).toEqual([]);
});

test('equal files are stored once, and each refusal is on record', async () => {
  const keeper = keeperOf();
  await Promise.all([keep(keeper, 'same'), keep(keeper, 'same', '/tmp/y'), keep(keeper, '')]);
  const first = statSync(blob(sha256('same'))).ino;
  using again = unlinkedFile('same');
  await keeperOf().keep({ ...request(again.descriptor), incident: 'inc-20261124t130000-other' });
  expect(statSync(blob(sha256('same'))).ino).toBe(first);
  expect(blobs().sort()).toEqual([sha256('same'), sha256('')].sort());
  expect((await records()).map((record) => record.denial.path)).toEqual(['/tmp/x', '/tmp/y', '/tmp/x']);
  expect(await store().denied()).toHaveLength(4);
});

test('of a file that is too long the beginning is kept, and that is said', async () => {
  const kept = await keep(keeperOf({ fileBytes: 1000 }), 'a'.repeat(2500));
  expect(kept).toMatchObject({ sha256: null, size: 2500, notes: ['Its first 1000 of 2500 bytes are kept.'] });
  const [record] = await records();
  const digest = sha256('a'.repeat(1000));
  expect(record?.kept).toEqual({ sha256: digest, size: 1000, form: 'file', whole: false });
  expect(statSync(blob(digest)).size).toBe(1000);
});

test('a flood of different files ends at a bound, is noted once, and small or equal ones are still kept', async () => {
  const limits = { incidentBytes: 10_000, incidentFiles: 6 };
  const keeper = keeperOf(limits);
  const text = (letter: string) => letter.repeat(4000);
  for (const letter of ['a', 'b']) expect((await keep(keeper, text(letter))).sha256).not.toBeNull();
  const over = await keep(keeper, text('c'));
  expect(over).toMatchObject({ sha256: null, size: null, frame: expect.any(String) });
  expect(over.notes[0]).toContain('more than 10000 bytes together');
  expect(await keep(keeper, text('d'))).toEqual({ sha256: null, size: null, frame: null, notes: [] });
  // What cannot fit is not even read: this descriptor could not be.
  const unreadable = openSync(join(state.path, 'big'), 'w');
  writeSync(unreadable, 'x'.repeat(9000));
  expect(await keeper.keep(request(unreadable))).toMatchObject({ sha256: null, frame: null });
  closeSync(unreadable);
  expect(await keep(keeper, text('a'))).toMatchObject({ sha256: sha256(text('a')) });
  expect(await keep(keeper, 'small')).toMatchObject({ sha256: sha256('small') });
  // Whoever goes on after a restart counts what is there.
  const next = keeperOf(limits);
  expect(await keep(next, text('e'))).toMatchObject({ sha256: null, frame: null });
  expect(await keep(next, 'tiny')).toMatchObject({ sha256: sha256('tiny') });
  expect(await keep(next, 'seventh')).toMatchObject({ sha256: null, frame: null });
  expect(blobs()).toHaveLength(4);
  expect(await records()).toHaveLength(6);
  expect((await store().verifyDenied(DENIED_INCIDENT)).problems).toEqual([]);
});

test('what is no regular file is neither read nor kept', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-denied-'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const keeper = keeperOf();
  try {
    for (const path of [join(folder, 'pipe'), '/dev/zero', folder]) {
      const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      await expect(keeper.keep(request(descriptor))).rejects.toMatchObject({ code: 'E_CAPTURE' });
      closeSync(descriptor);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(blobs()).toEqual([]);
  expect(await records()).toEqual([]);
  expect(await keep(keeper, 'next')).toMatchObject({ sha256: sha256('next') });
});

test('a terabyte of holes is kept in little time and space, and comes out as it was', async () => {
  using file = unlinkedFile('start');
  writeSync(file.descriptor, 'middle', 5e11);
  ftruncateSync(file.descriptor, 1e12);
  const start = performance.now();
  const kept = await keeperOf().keep(request(file.descriptor));
  expect(performance.now() - start).toBeLessThan(2000);
  expect(kept).toMatchObject({ sha256: null, size: 1e12 });
  const [record] = await records();
  expect(record?.kept).toMatchObject({ form: 'sparse-tar', whole: true });
  const archive = blob(record?.kept?.sha256 ?? '');
  expect(statSync(archive).size).toBeLessThan(100_000);
  const out = mkdtempSync(join(tmpdir(), 'pristine-denied-'));
  execFileSync('tar', ['-xf', archive, '-C', out]);
  const extracted = openSync(join(out, 'denied-file'), 'r');
  try {
    expect(fstatSync(extracted).size).toBe(1e12);
    const cut = (skip: number) =>
      execFileSync('dd', ['bs=1', `skip=${skip}`, 'count=6', 'status=none'], {
        stdio: [extracted, 'pipe', 'pipe'],
      });
    expect(cut(5e11).toString()).toBe('middle');
  } finally {
    closeSync(extracted);
    rmSync(out, { recursive: true });
  }
});

test('a sparse file is known by the hash that others know it by, and its data is bounded', async () => {
  using file = unlinkedFile();
  ftruncateSync(file.descriptor, 20 << 20);
  writeSync(file.descriptor, Buffer.alloc(8192, 1), 0, 8192, 10 << 20);
  const content = Buffer.alloc(20 << 20);
  content.fill(1, 10 << 20, (10 << 20) + 8192);
  expect(await keeperOf().keep(request(file.descriptor))).toMatchObject({ sha256: sha256(content) });
  expect(await keeperOf({ fileBytes: 5000 }).keep(request(file.descriptor))).toMatchObject({ sha256: null });
  expect((await records()).map(({ kept }) => [kept?.form, kept?.whole])).toEqual([
    ['sparse-tar', true],
    ['sparse-tar', false],
  ]);
});

test('a file that grows faster than it is read is kept up to the size that it had', async () => {
  const size = 16 << 20;
  using file = unlinkedFile(Buffer.alloc(size, 1));
  const keeper = keeperOf();
  await keep(keeper, 'first');
  let appended = 0;
  const piece = Buffer.alloc(1 << 20, 2);
  const appending = setInterval(() => {
    if (appended < 60) writeSync(file.descriptor, piece, 0, piece.length, size + appended++ * piece.length);
  }, 0);
  const kept = await keeper.keep(request(file.descriptor));
  clearInterval(appending);
  const record = (await records())[1];
  expect(record?.kept?.size).toBeLessThan(size + (30 << 20));
  expect(fstatSync(file.descriptor).size).toBeGreaterThan(record?.kept?.size ?? 0);
  expect(kept.notes).toContain('It was written to while it was kept.');
  expect(
    readFileSync(blob(record?.kept?.sha256 ?? ''))
      .subarray(0, size)
      .every((byte) => byte === 1),
  ).toBe(true);
});

test('a full disk is an error, leaves nothing half kept, and once there is room files are kept again', {
  skip: process.getuid?.() !== 0,
}, async () => {
  using disk = smallDisk('3m');
  const keeper = keeperOf({}, disk.path);
  await keep(keeper, 'before');
  await expect(keep(keeper, Buffer.alloc(4 << 20, 1))).rejects.toMatchObject({ code: 'E_DISK_FULL' });
  expect(blobs(disk.path)).toEqual([sha256('before')]);
  // There is room for the file, but not for its record.
  const filler = join(disk.path, 'filler');
  const room = 'dd if=/dev/zero of="$1" bs=4k status=none 2>/dev/null; truncate -s -8k "$1"';
  execFileSync('sh', ['-c', room, 'sh', filler]);
  await expect(keep(keeper, Buffer.alloc(4096, 2))).rejects.toMatchObject({ code: 'E_DISK_FULL' });
  expect(blobs(disk.path)).toEqual([sha256('before')]);
  expect(readdirSync(join(disk.path, 'denied', DENIED_INCIDENT))).toEqual(['000001.json']);
  rmSync(filler);
  await keep(keeper, 'after');
  expect((await store(disk.path).verifyDenied(DENIED_INCIDENT)).problems).toEqual([]);
});

test('what a process left that ended between record and ledger is put right by the next', async () => {
  const { frame } = await keep(keeperOf(), 'one');
  const path = join(state.path, frame ?? '');
  renameSync(path, `${path}.pending`);
  writeFileSync(join(path, '..', '000002.json.pending'), '{"unknown":true}');
  await keep(keeperOf(), 'two');
  expect(readdirSync(join(path, '..')).sort()).toEqual(['000001.json', '000002.json']);
  expect((await records()).map(({ kept }) => kept?.sha256)).toEqual([sha256('one'), sha256('two')]);
  expect((await store().verifyDenied(DENIED_INCIDENT)).problems).toEqual([]);
});

test('a file that cannot be read in time is given up, even in the middle of a read, and others are kept', async () => {
  await expect(keep(keeperOf({ copyMs: 5 }), Buffer.alloc(64 << 20, 1))).rejects.toMatchObject({
    code: 'E_CAPTURE',
    message: expect.stringContaining('within 5 ms'),
  });
  expect(blobs()).toEqual([]);
  // Whoever gave up closes the descriptor, so that nothing may be read from it any more.
  using file = unlinkedFile(Buffer.alloc(64 << 20, 1));
  const giveUp = new AbortController();
  setTimeout(() => giveUp.abort(), 5);
  const copying = copyFrame(file.descriptor, join(state.path, 'copy'), 1 << 30, giveUp.signal);
  await expect(copying).rejects.toThrow('aborted');
  await expect(inTime(() => new Promise(() => {}), 5)).rejects.toMatchObject({ code: 'E_CAPTURE' });
  expect(await keep(keeperOf(), 'next')).toMatchObject({ sha256: sha256('next') });
});

test('an aborted signal keeps nothing', async () => {
  using file = unlinkedFile('x');
  const signal = AbortSignal.abort();
  await expect(keeperOf().keep({ ...request(file.descriptor), signal })).rejects.toBe(signal.reason);
  expect(existsSync(join(state.path, 'blobs'))).toBe(false);
});
