import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startContainer } from '../../test/support/engine.ts';
import { captureContainer, type TestState, testState } from '../../test/support/evidence.ts';
import { pristine } from './test-support/spawn.ts';

let state: TestState;
let bundle = '';
const run = (...args: string[]) => pristine(['evidence', ...args], { PRISTINE_STATE: state.path });

beforeAll(async () => {
  state = testState();
  await using suspect = await startContainer();
  const old = { now: () => new Date(Date.now() - 40 * 86_400_000) };
  ({ bundle } = await captureContainer(suspect.id, state.path, { clock: old }));
});
afterAll(() => state?.[Symbol.dispose]());

test('without any limit nothing is removed, and the error says what to give', async () => {
  const { code, stderr } = await run('prune');
  expect(code).toBe(2);
  expect(stderr).toContain('--max-age');
  expect(await run('prune', '--max-bytes', '10MB')).toMatchObject({ code: 2 });
  expect(await run('prune', '--max-age', 'old')).toMatchObject({ code: 2 });
});

test('a dry run says what would go; the configuration and the options say what goes', async () => {
  const dry = await run('prune', '--max-age', '30d', '--dry-run', '--json');
  expect(JSON.parse(dry.stdout)).toMatchObject({ expired: [{ id: bundle, reason: 'age' }], sweptBytes: 0 });
  const folder = mkdtempSync(join(tmpdir(), 'pristine-config-'));
  const config = join(folder, 'pristine.yaml');
  writeFileSync(config, 'version: 1\nevidence:\n  maxAge: 30d\n  onlyExported: true\n');
  const spared = await run('prune', '--config', config);
  expect(spared).toMatchObject({ code: 0, stdout: expect.stringContaining('not exported') });
  await run('export', bundle, '--output', join(folder, 'case.tar'));
  const pruned = await run('prune', '--config', config);
  expect(pruned).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/ev-[\s\S]*1 piece of evidence removed/),
  });
  const verified = await run('verify', bundle);
  expect(verified).toMatchObject({ code: 1, stderr: expect.stringContaining('removed on purpose') });
  rmSync(folder, { recursive: true });
});
