import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configSchema } from '../contract/index.ts';
import { packageRoot } from '../kernel/index.ts';
import { configJsonSchema, rulesPage } from './docs.ts';
import { parseConfig } from './index.ts';
import { knownKeys } from './schema-keys.ts';

const doc = (name: string) => readFileSync(join(packageRoot, 'docs', name), 'utf8');

// When one of these fails: node scripts/write-docs.ts
test('docs/rules.md is what the catalogue says', () => expect(doc('rules.md')).toBe(rulesPage()));
test('docs/config.schema.json is what the schema says', () =>
  expect(doc('config.schema.json')).toBe(configJsonSchema()));

test('docs/configuration.md names every key, and its examples are valid', () => {
  const page = doc('configuration.md');
  const keys = [
    [],
    ['containers', 0],
    ['containers', 0, 'match'],
    ['defaults'],
    ['defaults', 'protection'],
    ['defaults', 'protection', 'exceptions', 0],
    ['rules'],
    ['sensor'],
  ].flatMap((path) => knownKeys(configSchema, path));
  expect(keys.length).toBeGreaterThan(5);
  expect(keys.filter((key) => !page.includes(`\`${key}\``) && !page.includes(`${key}:`))).toEqual([]);
  const examples = [...page.matchAll(/```yaml\n# pristine\.yaml\n([\s\S]*?)```/g)];
  expect(examples.length).toBeGreaterThan(0);
  for (const [, example] of examples) expect(parseConfig(example ?? '', 'example').version).toBe(1);
});
