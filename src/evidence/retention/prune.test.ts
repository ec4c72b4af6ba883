import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DENIED_CONTAINER, DENIED_INCIDENT, denial, unlinkedFile } from '../../../test/support/denied.ts';
import { startContainer, type TestContainer } from '../../../test/support/engine.ts';
import { captureContainer, type TestState, testEngine, testState } from '../../../test/support/evidence.ts';
import type { Engine } from '../../engine/index.ts';
import { systemClock } from '../../kernel/index.ts';
import { createFrameKeeper } from '../frames/frame-keeper.ts';
import { createEvidenceStore, type EvidenceStore, verifyLedger } from '../index.ts';
import { ledgerPath, openLedger } from '../ledger/ledger.ts';
import { hostKey } from '../seal/host-key.ts';

const DAY = 86_400_000;
const now = new Date();
let state: TestState;
let engine: Engine;
let store: EvidenceStore;
let suspect: TestContainer;

const captured = async (daysAgo: number) => {
  const clock = { now: () => new Date(now.getTime() - daysAgo * DAY) };
  return (await captureContainer(suspect.id, state.path, { engine, clock })).bundle;
};
const bundles = () => readdirSync(join(state.path, 'evidence')).filter((name) => name.startsWith('ev-'));
const blobs = () => readdirSync(join(state.path, 'blobs/sha256')).filter((name) => !name.startsWith('.'));
const ledger = () =>
  readFileSync(ledgerPath(state.path), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const ledgerProblems = async () =>
  (await verifyLedger(ledgerPath(state.path), (await hostKey(state.path)).publicKey)).problems;

beforeEach(async () => {
  state = testState();
  engine = await testEngine(state.path);
  store = createEvidenceStore(state.path, { clock: systemClock });
  suspect = await startContainer();
  await suspect.sh('echo loot > /loot');
});
afterEach(async () => {
  await suspect[Symbol.asyncDispose]();
  state[Symbol.dispose]();
});

test('old bundles go, the ledger says so before and stays whole, and verify says that it was on purpose', async () => {
  const old = await captured(40);
  const young = await captured(1);
  const dry = await store.prune({ maxAge: '30d' }, { now, dryRun: true });
  expect(dry.expired).toMatchObject([{ kind: 'bundle', id: old, reason: 'age' }]);
  expect(bundles().sort()).toEqual([old, young].sort());
  const report = await store.prune({ maxAge: '30d' }, { now });
  expect(report.expired).toEqual(dry.expired);
  expect(bundles()).toEqual([young]);
  expect(ledger().at(-1)).toMatchObject({ action: 'expire', bundle: old, detail: { reason: 'age' } });
  expect(await ledgerProblems()).toEqual([]);
  await expect(store.verify(old)).rejects.toMatchObject({
    code: 'E_NO_SUCH_BUNDLE',
    message: expect.stringContaining(`${old} expired: removed on purpose`),
  });
  expect((await store.verify(young)).problems).toEqual([]);
});

test('a limit on bytes removes the oldest only, and never what is protected', async () => {
  const [first, second, third] = [await captured(3), await captured(2), await captured(1)];
  const { bytes } = await store.prune({ maxBytes: Number.MAX_SAFE_INTEGER }, { now });
  const report = await store.prune({ maxBytes: bytes - 1 }, { now, protect: new Set([first]) });
  expect(report).toMatchObject({
    expired: [{ id: second, reason: 'size' }],
    spared: [{ id: first, why: 'protected' }],
  });
  expect(bundles().sort()).toEqual([first, third].sort());
  expect(report.bytes).toBeLessThan(bytes);
});

test('with onlyExported a bundle stays until it was exported', async () => {
  const old = await captured(40);
  const retention = { maxAge: '30d', onlyExported: true };
  expect(await store.prune(retention, { now })).toMatchObject({
    expired: [],
    spared: [{ id: old, why: 'not exported' }],
  });
  await store.export(old, join(state.path, 'case.tar'));
  expect((await store.prune(retention, { now })).expired).toMatchObject([{ id: old }]);
  expect(bundles()).toEqual([]);
});

test('a removal that was interrupted is finished, and recorded once', async () => {
  const old = await captured(40);
  // As a process leaves it that ended between the entry and the removal.
  await openLedger(state.path, systemClock).append('expire', old, { what: 'bundle', reason: 'age' });
  await captured(1);
  await store.prune({ maxAge: '30d' }, { now });
  expect(bundles()).toHaveLength(1);
  expect(ledger().filter(({ action }) => action === 'expire')).toHaveLength(1);
  // And one that ended in the midst of the removal.
  mkdirSync(join(state.path, 'evidence/.tmp-gone-x'));
  await store.prune({ maxAge: '30d' }, { now });
  expect(existsSync(join(state.path, 'evidence/.tmp-gone-x'))).toBe(false);
});

test('layers go with the last bundle that has them, unless their image is in use', async () => {
  const [first, second] = [await captured(50), await captured(40)];
  const layer = (await store.manifest(first)).image.layers[0] ?? '';
  const { imageId } = await engine.inspect(suspect.id);
  const later = new Date(now.getTime() + 3 * DAY);
  await store.prune({ maxAge: '45d' }, { now });
  expect(bundles()).toEqual([second]);
  expect(blobs()).toContain(layer);
  expect((await store.verify(second)).problems).toEqual([]);
  await store.prune({ maxAge: '30d' }, { now: later, images: new Set([imageId]) });
  expect(bundles()).toEqual([]);
  expect(blobs()).toContain(layer);
  const bytes = statSync(join(state.path, 'blobs/sha256', layer)).blocks * 512;
  const report = await store.prune({ maxAge: '30d' }, { now: new Date(later.getTime() + 2 * DAY) });
  expect(report.sweptBytes).toBeGreaterThanOrEqual(bytes);
  expect(blobs()).toEqual([]);
  expect(readdirSync(join(state.path, 'images'))).toEqual([]);
  // The next capture stores the image again.
  expect((await store.verify(await captured(0))).problems).toEqual([]);
});

test('layers stay while somebody is at work who may need them', async () => {
  await captured(40);
  const later = { now: new Date(now.getTime() + 3 * DAY) };
  const folder = join(state.path, 'evidence/.tmp-ev-working');
  mkdirSync(folder);
  const lock = `flock -x ${folder} -c 'echo ready; read _'`;
  const { spawn } = await import('node:child_process');
  const worker = spawn('sh', ['-c', lock], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => worker.stdout.once('data', resolve));
  expect((await store.prune({ maxAge: '30d' }, later)).sweptBytes).toBe(0);
  expect(blobs().length).toBeGreaterThan(0);
  const ended = new Promise((resolve) => worker.once('close', resolve));
  worker.stdin.end('\n');
  await ended;
  expect((await store.prune({ maxAge: '30d' }, later)).sweptBytes).toBeGreaterThan(0);
  expect(blobs()).toEqual([]);
});

test('refused files expire by the same rules, and what was refused later is checked as before', async () => {
  const keeper = createFrameKeeper(state.path, { clock: systemClock });
  const refuse = async (content: string, at: number) => {
    using file = unlinkedFile(content);
    const request = { incident: DENIED_INCIDENT, container: DENIED_CONTAINER, at, denial: denial() };
    await keeper.keep({ ...request, descriptor: file.descriptor });
  };
  for (const content of ['one', 'another']) await refuse(content, now.getTime() - 40 * DAY);
  const protect = new Set([DENIED_INCIDENT]);
  expect((await store.prune({ maxAge: '30d' }, { now, protect })).spared).toMatchObject([
    { why: 'protected' },
  ]);
  const report = await store.prune({ maxAge: '30d' }, { now });
  expect(report.expired).toMatchObject([{ kind: 'denied', id: DENIED_INCIDENT, reason: 'age' }]);
  expect(await store.denied()).toEqual([]);
  expect(blobs()).toEqual([]);
  expect(await ledgerProblems()).toEqual([]);
  await expect(store.verify(DENIED_INCIDENT)).rejects.toMatchObject({
    message: expect.stringContaining('refused files'),
  });
  const later = createFrameKeeper(state.path, { clock: systemClock });
  using file = unlinkedFile('two');
  const request = {
    incident: DENIED_INCIDENT,
    container: DENIED_CONTAINER,
    at: now.getTime(),
    denial: denial(),
  };
  await later.keep({ ...request, descriptor: file.descriptor });
  expect(await store.verifyDenied(DENIED_INCIDENT)).toMatchObject({ ok: true, problems: [] });
});

test('two at once do not count what the other removes', async () => {
  await captured(40);
  execFileSync('touch', [join(state.path, 'evidence/.prune.lock')]);
  const results = await Promise.allSettled([
    store.prune({ maxAge: '30d' }, { now }),
    store.prune({ maxAge: '30d' }, { now }),
  ]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: { code: 'E_STATE_LOCKED' },
  });
});
