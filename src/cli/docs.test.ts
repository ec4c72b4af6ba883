import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../kernel/index.ts';
import { cliDocs } from './docs.ts';

test('docs/cli.md is what scripts/write-cli-docs.ts writes', () => {
  expect(readFileSync(join(packageRoot, 'docs/cli.md'), 'utf8')).toBe(cliDocs());
});

test('every command has an example', () => {
  const sections = cliDocs()
    .split(/^##+ (?=pristine)/m)
    .slice(1);
  expect(sections.length).toBeGreaterThan(15);
  const without = sections
    .filter((section) => !/^Examples?:\n {2}pristine /m.test(section))
    .map((section) => section.split('\n')[0]);
  expect(without).toEqual([]);
});
