import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NOTIFICATION_EVENTS, notificationSchema, notificationTargetSchema } from '../contract/index.ts';
import { parseConfig } from '../drift/index.ts';
import { packageRoot } from '../kernel/index.ts';

const page = readFileSync(join(packageRoot, 'docs/notifications.md'), 'utf8');

test('docs/notifications.md has a target of every type, and its example is a valid configuration', () => {
  const [, example = ''] = /```yaml\n# pristine\.yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const types = (parseConfig(example, 'example').notify?.targets ?? []).map(({ type }) => type);
  const known = notificationTargetSchema.options.map(({ shape }) => shape.type.value);
  expect([...new Set(types)].sort()).toEqual([...known].sort());
});

test('docs/notifications.md names every event, every key, and every member of a message', () => {
  const events = [...page.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| [a-z].* \| .* \|$/gm)].flatMap(
    ([, names = '']) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  expect(events).toEqual(expect.arrayContaining([...NOTIFICATION_EVENTS]));
  const keys = notificationTargetSchema.options.flatMap(({ shape }) => Object.keys(shape));
  expect(keys.filter((key) => !page.includes(`\`${key}\``) && !page.includes(`${key}:`))).toEqual([]);
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  const { parts: _, ...members } = notificationSchema.shape;
  expect(Object.keys(JSON.parse(json))).toEqual(Object.keys(members));
  expect(notificationSchema.safeParse(JSON.parse(json)).success).toBe(true);
});
