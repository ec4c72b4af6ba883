import { execFile } from 'node:child_process';
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestState, testState } from '../../../test/support/evidence.ts';
import { systemClock } from '../../kernel/index.ts';
import { hostKey, parsePublicKey, publicKeyPath } from '../seal/host-key.ts';
import { signLine } from './entry.ts';
import { ledgerPath, openLedger } from './ledger.ts';
import { verifyLedger } from './verify-ledger.ts';

let state: TestState;
const file = () => ledgerPath(state.path);
const head = () => join(state.path, 'ledger.head');
const lines = () => readFileSync(file(), 'utf8').trimEnd().split('\n');
const write = (text: readonly string[]) => writeFileSync(file(), text.map((line) => `${line}\n`).join(''));
const check = async () => {
  const { problems } = await verifyLedger(
    file(),
    parsePublicKey(readFileSync(publicKeyPath(state.path), 'utf8')),
  );
  return problems.map(({ subject, problem }) => `${subject} ${problem}`);
};
const append = (count = 1) =>
  Array.from({ length: count }).reduce<Promise<unknown>>(
    (before) => before.then(() => openLedger(state.path, systemClock).append('show', 'ev-x', { a: 'b' })),
    Promise.resolve(),
  );

beforeEach(async () => {
  state = testState();
  await append(4);
});
afterEach(() => state[Symbol.dispose]());

test('begins with an entry about the key, and chains each entry to the one before', async () => {
  const entries = lines().map((line) => JSON.parse(line));
  expect(entries.map(({ seq, action }) => [seq, action])).toEqual([
    [0, 'genesis'],
    ...[1, 2, 3, 4].map((seq) => [seq, 'show']),
  ]);
  expect(entries[0].detail.keyId).toBe((await hostKey(state.path)).keyId);
  expect(entries[0].previous).toBe('0'.repeat(64));
  expect(await check()).toEqual([]);
});

test('takes entries of many processes at once, each once', async () => {
  const script = `
    import { openLedger } from '${join(import.meta.dirname, 'ledger.ts')}';
    const ledger = openLedger(process.argv[1], { now: () => new Date() });
    for (let i = 0; i < 10; i++) await ledger.append('show', process.argv[2]);`;
  const run = (name: string) =>
    promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', script, state.path, name]);
  await Promise.all(['ev-a', 'ev-b', 'ev-c'].map(run));
  expect(lines()).toHaveLength(35);
  expect(lines().filter((line) => line.includes('"ev-b"'))).toHaveLength(10);
  expect(await check()).toEqual([]);
});

test('a lost end is seen, and stays visible after further entries', async () => {
  write(lines().slice(0, -1));
  expect(await check()).toEqual(['ledger:4 truncated']);
  await append();
  expect(JSON.parse(lines().at(-1) ?? '').seq).toBe(5);
  expect(await check()).toEqual(['ledger:5 order']);
});

test('a lost head is seen, and stays visible after further entries', async () => {
  rmSync(head());
  expect(await check()).toEqual(['ledger.head missing']);
  write(lines().slice(0, -2));
  await append();
  expect(await check()).toEqual(['ledger:3 truncated']);
});

test('an entry that was not finished is dropped by the next one, which says so', async () => {
  writeFileSync(file(), '{"action":"sho', { flag: 'a' });
  expect(await check()).toContain('ledger truncated');
  await append();
  expect(JSON.parse(lines().at(-1) ?? '').detail.unfinished).toContain('14 bytes');
  expect(await check()).toEqual([]);
});

test('a crash between an entry and its head is no problem', async () => {
  const before = readFileSync(head());
  await append();
  writeFileSync(head(), before);
  expect(await check()).toEqual([]);
  await append();
  expect(await check()).toEqual([]);
});

test('entries out of order, missing, doubled, or not in canonical form are named', async () => {
  const good = lines();
  write([...good.slice(0, 2), good[3] ?? '', good[2] ?? '', good[4] ?? '']);
  expect(await check()).toEqual(expect.arrayContaining(['ledger:3 order', 'ledger:2 order']));
  write(good.toSpliced(2, 1));
  expect(await check()).toContain('ledger:3 order');
  write(good.toSpliced(2, 0, good[1] ?? ''));
  expect(await check()).toContain('ledger:1 order');
  write(good.with(2, (good[2] ?? '').replace('{', '{ ')));
  expect(await check()).toContain('ledger:2 malformed');
  write(good.with(2, (good[2] ?? '').replace('{', '{"Extra":1,')));
  expect(await check()).toContain('ledger:2 malformed');
});

test('an entry signed with another key is named', async () => {
  using other = testState();
  const { privateKey } = await hostKey(other.path);
  const { signature, ...last } = JSON.parse(lines().at(-1) ?? '');
  expect(signature).toHaveLength(88);
  write(lines().with(4, signLine(last, privateKey)));
  expect(await check()).toContain('ledger:4 signature');
});

test('a full disk leaves the ledger as it was', async () => {
  using full = testState();
  const run = promisify(execFile);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', full.path]);
  try {
    const ledger = openLedger(full.path, systemClock);
    await ledger.append('show', 'ev-x');
    const before = readFileSync(ledgerPath(full.path));
    writeFileSync(join(full.path, 'filler'), '');
    const fill = () => writeFileSync(join(full.path, 'filler'), Buffer.alloc(4096), { flag: 'a' });
    expect(() => {
      for (;;) fill();
    }).toThrow('ENOSPC');
    await expect(ledger.append('show', 'ev-x')).rejects.toMatchObject({ code: 'E_DISK_FULL' });
    expect(readFileSync(ledgerPath(full.path)).equals(before)).toBe(true);
    rmSync(join(full.path, 'filler'));
    await ledger.append('show', 'ev-x');
    const key = parsePublicKey(readFileSync(publicKeyPath(full.path), 'utf8'));
    expect((await verifyLedger(ledgerPath(full.path), key)).problems).toEqual([]);
  } finally {
    await run('umount', [full.path]);
  }
});

test('the key is for its owner alone, is made once, and a broken one is not replaced', async () => {
  const path = join(state.path, 'keys/host.key');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const ids = await Promise.all([1, 2, 3].map(async () => (await hostKey(state.path)).keyId));
  expect(new Set(ids).size).toBe(1);
  truncateSync(path, 10);
  await expect(append()).rejects.toMatchObject({ code: 'E_STATE' });
  expect(statSync(path).size).toBe(10);
});

test('a state directory that cannot be used is told as that', async () => {
  const path = join(state.path, 'a-file');
  writeFileSync(path, '');
  await expect(openLedger(path, systemClock).append('show', 'ev-x')).rejects.toMatchObject({
    code: 'E_STATE',
  });
});
