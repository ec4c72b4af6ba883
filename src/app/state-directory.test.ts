import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureStateDirectory, lockState } from './state-directory.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pristine-state-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('ensureStateDirectory', () => {
  test('makes it closed to others, and closes one that was open', async () => {
    const state = join(folder, 'a/b');
    await ensureStateDirectory(state);
    expect(statSync(state).mode & 0o777).toBe(0o700);
    chmodSync(state, 0o755);
    await ensureStateDirectory(state);
    expect(statSync(state).mode & 0o777).toBe(0o700);
  });

  test('refuses a path that is no folder, with a next step', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(ensureStateDirectory(file)).rejects.toMatchObject({ code: 'E_STATE', next: /--state/ });
  });
});

describe('lockState', () => {
  test('lets one guard in at a time', async () => {
    const unlock = await lockState(folder);
    await expect(lockState(folder)).rejects.toMatchObject({ code: 'E_STATE_LOCKED' });
    await unlock();
    const again = await lockState(folder);
    await again();
    expect(existsSync(join(folder, 'guard.lock'))).toBe(false);
  });

  test('takes over from a guard that died', async () => {
    const { pid } = spawnSync('true');
    writeFileSync(join(folder, 'guard.lock'), `${pid} 1`);
    const unlock = await lockState(folder);
    await unlock();
  });

  test('takes over when the pid belongs to another process by now', async () => {
    writeFileSync(join(folder, 'guard.lock'), `${process.pid} 1`);
    const unlock = await lockState(folder);
    await unlock();
  });
});
