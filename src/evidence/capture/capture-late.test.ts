/** Captures at a bad time: the replacement has started, the engine could not remove the container whole. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startContainer } from '../../../test/support/engine.ts';
import { captureContainer, type TestState, testEngine, testState } from '../../../test/support/evidence.ts';
import type { Engine } from '../../engine/index.ts';
import { PristineError, systemClock } from '../../kernel/index.ts';
import { createEvidenceStore, type EvidenceStore } from '../index.ts';

let state: TestState;
let engine: Engine;
let store: EvidenceStore;
beforeAll(async () => {
  state = testState();
  engine = await testEngine(state.path);
  store = createEvidenceStore(state.path, { clock: systemClock });
});
afterAll(() => state?.[Symbol.dispose]());

test('a bundle says when volumes were read while the replacement ran already', async () => {
  await using suspect = await startContainer({ options: ['-v', '/data'] });
  const late = /read when the replacement had started already/;
  const early = await captureContainer(suspect.id, state.path, { engine, replacementRuns: false });
  expect(early.manifest.omissions.join('\n')).not.toMatch(late);
  const { manifest } = await captureContainer(suspect.id, state.path, { engine, replacementRuns: true });
  expect(manifest.omissions).toContainEqual(expect.stringMatching(late));
});

test('of a container that is dead, half removed, there is a bundle with what is left', async () => {
  await using suspect = await startContainer();
  await suspect.sh('echo loot > /loot');
  const details = await engine.inspect(suspect.id);
  // As the engine answers of a dead container: nothing runs, and its output cannot be had.
  const refuse = async () => {
    throw new PristineError('E_ENGINE_REFUSED', 'can not get logs from container which is dead', {
      next: '',
    });
  };
  const dead: Engine = Object.assign(Object.create(engine), { logs: refuse, pastEvents: refuse });
  const given = { engine: dead, details: { ...details, pid: null, status: 'dead' as const }, frozen: true };
  const bundle = await captureContainer(suspect.id, state.path, given);
  expect((await store.verify(bundle.bundle)).problems).toEqual([]);
  expect(bundle.manifest.omissions).toContainEqual(
    expect.stringContaining('The output is not in the bundle'),
  );
  const loot = await store.readCurrent(bundle.bundle, '/loot', 100);
  expect(Buffer.from(loot?.bytes ?? []).toString()).toBe('loot\n');
});

test('whatever else the engine fails with ends the capture, and leaves nothing', async () => {
  await using suspect = await startContainer();
  const gone = async () => {
    throw new PristineError('E_ENGINE_GONE', 'the engine stopped answering', { next: '' });
  };
  const failing: Engine = Object.assign(Object.create(engine), { logs: gone });
  const details = await engine.inspect(suspect.id);
  const before = readdirSync(join(state.path, 'evidence')).sort();
  const capture = captureContainer(suspect.id, state.path, { engine: failing, details });
  await expect(capture).rejects.toMatchObject({ code: 'E_ENGINE_GONE' });
  expect(readdirSync(join(state.path, 'evidence')).sort()).toEqual(before);
});

test('that somebody forced something is in the ledger, with or without a bundle', async () => {
  await store.record('forced', null, { incident: 'inc-x', why: 'no evidence' });
  const last = readFileSync(join(state.path, 'ledger.jsonl'), 'utf8').trimEnd().split('\n').at(-1) ?? '';
  expect(JSON.parse(last)).toMatchObject({ action: 'forced', bundle: null, detail: { incident: 'inc-x' } });
});
