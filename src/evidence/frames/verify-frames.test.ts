import { readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DENIED_CONTAINER, DENIED_INCIDENT, denial, unlinkedFile } from '../../../test/support/denied.ts';
import { type TestState, testState } from '../../../test/support/evidence.ts';
import { systemClock } from '../../kernel/index.ts';
import { createEvidenceStore, type EvidenceStore } from '../index.ts';
import { createFrameKeeper } from './frame-keeper.ts';

let state: TestState;
let store: EvidenceStore;
let digests: string[];
const at = (path: string) => join(state.path, path);
const record = (number: number) => `denied/${DENIED_INCIDENT}/00000${number}.json`;
const blob = (number: number) => `blobs/sha256/${digests[number]}`;
const problems = async () =>
  (await store.verifyDenied(DENIED_INCIDENT)).problems.map(({ subject, problem }) => `${subject} ${problem}`);

beforeEach(async () => {
  state = testState();
  store = createEvidenceStore(state.path, { clock: systemClock });
  const keeper = createFrameKeeper(state.path, { clock: systemClock });
  digests = [];
  for (const content of ['one', 'two']) {
    using file = unlinkedFile(content);
    const request = { incident: DENIED_INCIDENT, container: DENIED_CONTAINER, at: 0, denial: denial() };
    digests.push((await keeper.keep({ ...request, descriptor: file.descriptor })).sha256 ?? '');
  }
});
afterEach(() => state[Symbol.dispose]());

test('kept files are checked by their hash, and what was checked is in the ledger', async () => {
  const report = await store.verifyDenied(DENIED_INCIDENT);
  expect(report).toMatchObject({ ok: true, filesChecked: 4, problems: [], bundle: DENIED_INCIDENT });
  const { custody } = await store.showDenied(DENIED_INCIDENT);
  expect(custody.map(({ action }) => action)).toEqual(['deny', 'deny', 'verify', 'show']);
});

test.each<[string, () => void, () => string[]]>([
  ['a byte of a file', () => writeFileSync(at(blob(0)), 'onE'), () => [`${blob(0)} changed`]],
  ['the length of a file', () => writeFileSync(at(blob(0)), 'ones'), () => [`${blob(0)} changed`]],
  ['a file that is gone', () => rmSync(at(blob(1))), () => [`${blob(1)} missing`]],
  [
    'a link in the place of a file',
    () => {
      writeFileSync(at('copy'), 'one');
      rmSync(at(blob(0)));
      symlinkSync(at('copy'), at(blob(0)));
    },
    () => [`${blob(0)} missing`],
  ],
  [
    'a record',
    () => writeFileSync(at(record(1)), readFileSync(at(record(1)), 'utf8').replace('/tmp/x', '/tmp/y')),
    () => [`${record(1)} changed`],
  ],
  ['a record that is gone', () => rmSync(at(record(2))), () => [`${record(2)} missing`]],
  [
    'a record that was added',
    () => writeFileSync(at(record(3)), readFileSync(at(record(2)))),
    () => [`${record(3)} not-recorded`],
  ],
  [
    'the ledger',
    () =>
      writeFileSync(
        at('ledger.jsonl'),
        readFileSync(at('ledger.jsonl'), 'utf8').replace(digests[0] ?? '', digests[1] ?? ''),
      ),
    () => ['ledger:1 signature', 'ledger:2 order'],
  ],
])('tampering with %s is noticed', async (_, tamper, expected) => {
  tamper();
  expect(await problems()).toEqual(expected());
});

test('all records gone are noticed too', async () => {
  rmSync(at('denied'), { recursive: true });
  expect(await problems()).toEqual([`${record(1)} missing`, `${record(2)} missing`]);
});

test('files are written out without any right to be executed, never over a folder, and never damaged', async () => {
  const output = at('case');
  expect(await store.exportDenied(DENIED_INCIDENT, output)).toEqual({ path: output, files: 2 });
  expect(readdirSync(output).sort()).toEqual([...digests, 'records.jsonl'].sort());
  for (const name of readdirSync(output)) expect(statSync(join(output, name)).mode & 0o7777).toBe(0o600);
  expect(readFileSync(join(output, digests[0] ?? ''), 'utf8')).toBe('one');
  await expect(store.exportDenied(DENIED_INCIDENT, output)).rejects.toMatchObject({ code: 'E_USAGE' });
  writeFileSync(at(blob(1)), 'twO');
  await expect(store.exportDenied(DENIED_INCIDENT, at('second'))).rejects.toMatchObject({
    code: 'E_EVIDENCE_INVALID',
  });
  expect(readdirSync(state.path)).not.toContain('second');
});

test('an incident without refused files, and what is no incident’s id, is an error', async () => {
  for (const reference of ['inc-20261124t120000-nobody', '..', `../denied/${DENIED_INCIDENT}`]) {
    await expect(store.verifyDenied(reference)).rejects.toMatchObject({ code: 'E_NO_SUCH_BUNDLE' });
    await expect(store.exportDenied(reference, at('x'))).rejects.toMatchObject({ code: 'E_NO_SUCH_BUNDLE' });
    expect(await store.denied(reference)).toEqual([]);
  }
});
