import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { PristineError } from '../../kernel/index.ts';
import { storeError } from './errors.ts';

test('a database that another process keeps locked is E_STATE_LOCKED', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pristine-store-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'pristine.db');
  using other = new DatabaseSync(path);
  other.exec('create table t (x); begin exclusive');
  using database = new DatabaseSync(path, { timeout: 0 });
  const attempt = () => {
    try {
      database.exec('insert into t values (1)');
    } catch (error) {
      return storeError(error, path);
    }
    return undefined;
  };
  expect(attempt()).toMatchObject({ code: 'E_STATE_LOCKED', next: expect.stringContaining('hangs') });
});

test('an error that says itself what it is stays as it is', () => {
  const error = new PristineError('E_NO_SUCH_INCIDENT', 'no', { next: 'look' });
  expect(storeError(error, '/x')).toBe(error);
});
