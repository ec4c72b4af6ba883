import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestState, testState } from '../../../test/support/evidence.ts';
import { makeSmallBundle, SMALL_BUNDLE } from '../../../test/support/small-bundle.ts';
import { canonicalJson, systemClock } from '../../kernel/index.ts';
import { ledgerPath } from '../ledger/ledger.ts';
import { signEnvelope } from '../seal/dsse.ts';
import { hostKey, parsePublicKey, publicKeyPath } from '../seal/host-key.ts';
import { createEvidenceStore } from '../store/evidence-store.ts';
import { verifyBundle } from './verify-bundle.ts';

let state: TestState;
let bundle = '';
const key = (from: TestState = state) => parsePublicKey(readFileSync(publicKeyPath(from.path), 'utf8'));
const check = async (path = bundle, ledger?: string) => {
  const report = await verifyBundle(path, { publicKey: key(), ...(ledger !== undefined && { ledger }) });
  expect(report.ok).toBe(report.problems.length === 0);
  return report.problems.map(({ subject, problem }) => `${subject} ${problem}`);
};

beforeEach(async () => {
  state = testState();
  bundle = await makeSmallBundle(state.path);
});
afterEach(() => state[Symbol.dispose]());

test('a bundle that is as it was sealed has no problems, as a directory and as a tar', async () => {
  expect(await check()).toEqual([]);
  expect(await check(bundle, ledgerPath(state.path))).toEqual([]);
  const exported = join(state.path, 'x.tar');
  await createEvidenceStore(state.path, { clock: systemClock }).export(SMALL_BUNDLE, exported);
  expect(await check(exported)).toEqual([]);
});

test('another host’s key does not fit, and says so', async () => {
  using other = testState();
  await makeSmallBundle(other.path);
  const report = await verifyBundle(bundle, { publicKey: key(other) });
  expect(report.problems).toContainEqual(
    expect.objectContaining({ subject: 'seal.dsse.json', problem: 'signature' }),
  );
});

test('a seal signed anew, even with the right key, is not the one in the ledger', async () => {
  const path = join(bundle, 'seal.dsse.json');
  const { payload } = JSON.parse(readFileSync(path, 'utf8'));
  const statement = JSON.parse(Buffer.from(payload, 'base64').toString());
  statement.predicate.frozen = false;
  const { privateKey, keyId } = await hostKey(state.path);
  writeFileSync(path, signEnvelope(Buffer.from(canonicalJson(statement)), privateKey, keyId));
  expect(await check()).toEqual(['ledger:4 not-recorded']);
});

test('base64 with other unused bits, and JSON with other white space, are malformed', async () => {
  const path = join(bundle, 'seal.dsse.json');
  const good = readFileSync(path, 'utf8');
  const { sig } = JSON.parse(good).signatures[0];
  const twin = Buffer.from(sig, 'base64');
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const last = digits.indexOf(sig.at(-3));
  const other = `${sig.slice(0, -3)}${digits[last ^ 1]}==`;
  expect(Buffer.from(other, 'base64').equals(twin)).toBe(true);
  writeFileSync(path, good.replace(sig, other));
  expect(await check()).toContain('seal.dsse.json malformed');
  writeFileSync(path, good.replace('{', '{ '));
  expect(await check()).toContain('seal.dsse.json malformed');
});

test('a ledger of which the bundle’s piece is no part is told', async () => {
  using other = testState();
  await makeSmallBundle(other.path);
  expect(await check(bundle, ledgerPath(other.path))).toEqual(['ledger.jsonl not-recorded']);
  expect(await check(bundle, join(other.path, 'nothing'))).toEqual(['ledger.jsonl not-recorded']);
});

test('without its seal, damaged files are still named', async () => {
  rmSync(join(bundle, 'seal.dsse.json'));
  writeFileSync(join(bundle, 'items/logs.txt'), 'other');
  expect(await check()).toEqual(expect.arrayContaining(['seal.dsse.json missing', 'items/logs.txt changed']));
});

test('a hostile bundle is neither followed nor waited for nor read without end', async () => {
  const start = performance.now();
  rmSync(join(bundle, 'items/logs.txt'));
  execFileSync('mkfifo', [join(bundle, 'items/logs.txt')]);
  renameSync(join(bundle, 'blobs'), join(state.path, 'blobs-moved'));
  symlinkSync('/', join(bundle, 'blobs'));
  writeFileSync(join(bundle, 'huge'), '');
  truncateSync(join(bundle, 'huge'), 1e12);
  truncateSync(join(bundle, 'seal.dsse.json'), 1e12);
  truncateSync(join(bundle, 'ledger.jsonl'), 1e12);
  expect(await check()).toEqual(
    expect.arrayContaining([
      'items/logs.txt changed',
      'blobs changed',
      'huge added',
      'seal.dsse.json malformed',
      'ledger.jsonl malformed',
    ]),
  );
  rmSync(join(bundle, 'seal.dsse.json'));
  truncateSync(join(bundle, 'items/inspect.json'), 1e12);
  expect(await check()).toContain('items/inspect.json changed');
  expect(performance.now() - start).toBeLessThan(5000);
});

test('the setuid bit on a file is reported', async () => {
  execFileSync('chmod', ['4755', join(bundle, 'items/executables/x')]);
  expect(await check()).toContain('items/executables/x changed');
});

test('a path without a bundle is an error', async () => {
  await expect(check(join(state.path, 'nothing'))).rejects.toMatchObject({ code: 'E_NO_SUCH_BUNDLE' });
  await expect(check('/dev/null')).rejects.toMatchObject({ code: 'E_NO_SUCH_BUNDLE' });
  const store = createEvidenceStore(state.path, { clock: systemClock });
  await expect(store.manifest('ev-20261124t120000-abcdeg')).rejects.toMatchObject({
    code: 'E_NO_SUCH_BUNDLE',
    next: `The nearest id is ${SMALL_BUNDLE}.`,
  });
});
