import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installPackages } from './index.ts';

let folder: string;
let said: string[];
const say = (sentence: string) => said.push(sentence);
const path = process.env.PATH;

/** Stands before the real apt-get, which must not install anything for a test: says when it begins and ends. */
beforeEach(() => {
  said = [];
  folder = mkdtempSync(join(tmpdir(), 'pristine-test-apt-'));
  const script = `#!/bin/sh\necho begin >>${folder}/log; sleep 0.2; echo end >>${folder}/log; exit 100\n`;
  writeFileSync(join(folder, 'apt-get'), script, { mode: 0o755 });
  process.env.PATH = `${folder}:${path}`;
});

afterEach(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true, force: true });
});

test('packages that are there are not asked for', async () => {
  await installPackages(['dpkg', 'coreutils'], 'a test', say);
  expect(said).toEqual([]);
});

test('two installations at once wait for each other', async () => {
  const attempts = ['pristine-no-such-a', 'pristine-no-such-b'].map((name) =>
    installPackages([name], 'a test', say),
  );
  for (const attempt of await Promise.allSettled(attempts)) {
    expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'E_ENGINE_INSTALL' } });
  }
  expect(said).toHaveLength(2);
  const turns = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
  // Each installs, updates the lists, and installs again.
  expect(turns).toEqual(Array.from({ length: 6 }, () => ['begin', 'end']).flat());
});
