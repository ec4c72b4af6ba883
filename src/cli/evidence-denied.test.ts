import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DENIED_CONTAINER, DENIED_INCIDENT, denial, unlinkedFile } from '../../test/support/denied.ts';
import { type TestState, testState } from '../../test/support/evidence.ts';
import { createFrameKeeper } from '../evidence/index.ts';
import { systemClock } from '../kernel/index.ts';
import { openSqliteStore } from '../store/index.ts';
import { pristine } from './test-support/spawn.ts';

let state: TestState;
let digest = '';
const run = (...args: string[]) => pristine(args, { PRISTINE_STATE: state.path });

beforeAll(async () => {
  state = testState();
  const store = await openSqliteStore(join(state.path, 'pristine.db'));
  const openedAt = systemClock.now().toISOString();
  await store.openIncident({ id: DENIED_INCIDENT, container: DENIED_CONTAINER, mode: 'protect', openedAt });
  await store.close();
  using file = unlinkedFile('payload');
  const kept = await createFrameKeeper(state.path, { clock: systemClock }).keep({
    incident: DENIED_INCIDENT,
    container: DENIED_CONTAINER,
    at: Date.UTC(2026, 0, 2, 3, 4, 5),
    denial: denial({ path: '/tmp/\x1b[31mx' }),
    descriptor: file.descriptor,
  });
  digest = kept.sha256 ?? '';
});
afterAll(() => state?.[Symbol.dispose]());

test('refused files are listed with what, when and whom, and nothing of theirs reaches the terminal', async () => {
  const { code, stdout } = await run('evidence', 'denied');
  expect(code).toBe(0);
  expect(stdout).toContain('/tmp/\\x1b[31mx');
  expect(stdout).not.toContain('\x1b');
  const columns = [
    '2026-01-02 03:04:05.000',
    'execute',
    'sh -c /tmp/x',
    '/usr/sbin/apache2',
    '7 B',
    DENIED_INCIDENT,
  ];
  for (const text of [...columns, digest.slice(0, 12)]) expect(stdout).toContain(text);
  const { stdout: json } = await run('evidence', 'denied', DENIED_INCIDENT, '--json');
  expect(JSON.parse(json)).toMatchObject([{ incident: DENIED_INCIDENT, denial: { sha256: digest } }]);
  expect((await run('evidence', 'denied', 'inc-20260102t030405-nobody')).stdout).toBe('no refused files\n');
});

test('an incident without a bundle shows its refused files', async () => {
  const { code, stdout } = await run('evidence', 'show', DENIED_INCIDENT);
  expect(code).toBe(0);
  expect(stdout).toContain('has no bundle');
  expect(stdout).toContain(digest.slice(0, 12));
  expect(stdout).toMatch(/\bdeny\b/);
  expect((await run('incident', DENIED_INCIDENT)).stdout).toContain(digest.slice(0, 12));
  expect(JSON.parse((await run('incident', DENIED_INCIDENT, '--json')).stdout).denied).toHaveLength(1);
  const exported = await run('evidence', 'export', DENIED_INCIDENT, '--output', join(state.path, 'x.tar'));
  expect(exported.code).toBe(1);
  expect(exported.stderr).toContain(`pristine evidence denied ${DENIED_INCIDENT} --output DIR`);
});

test('refused files are written into a new folder, not executable', async () => {
  const output = join(state.path, 'case');
  const { code, stdout } = await run('evidence', 'denied', DENIED_INCIDENT, '--output', output, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ incident: DENIED_INCIDENT, path: output, files: 1 });
  expect(readdirSync(output).sort()).toEqual([digest, 'records.jsonl']);
  expect(readFileSync(join(output, digest), 'utf8')).toBe('payload');
  expect(statSync(join(output, digest)).mode & 0o7777).toBe(0o600);
  expect((await run('evidence', 'denied', DENIED_INCIDENT, '--output', output)).code).toBe(2);
  expect((await run('evidence', 'denied', '--output', output)).code).toBe(2);
});

test('verify checks them, and ends with 3 when one was tampered with', async () => {
  const good = await run('evidence', 'verify', DENIED_INCIDENT);
  expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('intact') });
  writeFileSync(join(state.path, 'blobs/sha256', digest), 'paiload');
  const bad = await run('evidence', 'verify', DENIED_INCIDENT, '--json');
  expect(bad.code).toBe(3);
  expect(JSON.parse(bad.stdout).problems).toMatchObject([
    { subject: `blobs/sha256/${digest}`, problem: 'changed' },
  ]);
});
