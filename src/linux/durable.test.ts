import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeFile, replaceFile } from './durable.ts';

const folder = mkdtempSync(join(tmpdir(), 'pristine-durable-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what a killed process has left beside a file goes when the file is written again', async () => {
  writeFileSync(join(folder, 'head.0123456789ab.tmp'), 'half');
  writeFileSync(join(folder, 'other.0123456789ab.tmp'), 'of another file');
  await Promise.all([1, 2, 3].map((i) => replaceFile(join(folder, 'head'), `${i}`)));
  expect(readdirSync(folder).sort()).toEqual(['head', 'other.0123456789ab.tmp']);
});

test('a file that several make at the same moment is the first one’s', async () => {
  const path = join(folder, 'key');
  const made: number[] = [];
  const make = (i: number) =>
    makeFile(path, () => {
      made.push(i);
      return `${i}`;
    });
  await Promise.all([1, 2, 3].map(make));
  expect(made).toHaveLength(1);
  expect(readFileSync(path, 'utf8')).toBe(`${made[0]}`);
});
