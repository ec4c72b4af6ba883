import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DENIED_CONTAINER, DENIED_INCIDENT, denial, unlinkedFile } from '../../../test/support/denied.ts';
import { startContainer } from '../../../test/support/engine.ts';
import { captureContainer, testState } from '../../../test/support/evidence.ts';
import type { Incident } from '../../contract/index.ts';
import { systemClock } from '../../kernel/index.ts';
import { createFrameKeeper } from '../frames/frame-keeper.ts';
import { createEvidenceStore } from '../index.ts';

test('a bundle holds the files that were refused, whole or not at all, and verifies', async () => {
  using state = testState();
  await using suspect = await startContainer();
  const keeper = createFrameKeeper(state.path, { clock: systemClock, limits: { incidentFiles: 4 } });
  const digests: string[] = [];
  for (const content of ['dropped', 'dropped', 'other', 'third', 'one too many']) {
    using file = unlinkedFile(content);
    const of = {
      incident: DENIED_INCIDENT,
      container: DENIED_CONTAINER,
      at: 0,
      denial: denial({ path: '/tmp/\x1b' }),
    };
    digests.push((await keeper.keep({ ...of, descriptor: file.descriptor })).sha256 ?? '');
  }
  const [dropped = '', , other = '', third = ''] = digests;
  writeFileSync(join(state.path, 'blobs/sha256', other), 'otheR');
  const incident: Incident = {
    id: DENIED_INCIDENT,
    container: { id: suspect.id, name: suspect.name, image: 'x' },
    mode: 'heal',
    state: 'responding',
    severity: 'high',
    openedAt: systemClock.now().toISOString(),
    endedAt: null,
    findings: [],
    bundles: [],
    replacement: null,
    suspect: null,
  };
  const { bundle, path, manifest } = await captureContainer(suspect.id, state.path, { incident });
  const item = (name: string) => readFileSync(join(path, 'items/denied', name), 'utf8');
  expect(item(dropped)).toBe('dropped');
  expect(item(third)).toBe('third');
  expect(manifest.items.filter(({ path: each }) => each.startsWith('items/denied/'))).toHaveLength(3);
  const records = item('records.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const store = createEvidenceStore(state.path, { clock: systemClock });
  expect(records).toEqual(await store.denied(DENIED_INCIDENT));
  expect(records).toHaveLength(5);
  const omissions = manifest.omissions.join('\n');
  expect(omissions).toContain(`${other}, is left out: it has SHA-256`);
  expect(omissions).toContain('More than 4 files were refused');
  expect(JSON.stringify(manifest)).not.toContain('\\u001b');
  // The bundle is good, what lies beside it is not.
  expect((await store.verifySealed(bundle)).problems).toEqual([]);
  expect((await store.verify(bundle)).problems).toEqual([
    expect.objectContaining({ subject: `blobs/sha256/${other}`, problem: 'changed' }),
  ]);
});
