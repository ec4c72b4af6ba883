import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { describeProcess } from './process.ts';

// A process that an engine has just put into a container has no supplementary groups yet: an empty field.
test('a process without supplementary groups has none', { skip: process.getuid?.() !== 0 }, async () => {
  const child = spawn('setpriv', ['--clear-groups', 'sleep', '30']);
  try {
    await once(child, 'spawn');
    await expect.poll(async () => (await describeProcess(child.pid ?? 0, 0))?.name).toBe('sleep');
    expect(await describeProcess(child.pid ?? 0, 0)).toMatchObject({ groups: [], uids: [0, 0, 0, 0] });
  } finally {
    child.kill();
  }
});

test('describes only as much of a process as is wanted', async () => {
  const brief = await describeProcess(process.pid, null, { texts: false, mostDescriptors: 2 });
  expect(brief).toMatchObject({ environment: [], maps: '', cut: ['environ', 'maps', 'fd'] });
  expect(brief?.descriptors).toHaveLength(2);
  expect((await describeProcess(process.pid, null))?.maps).not.toBe('');
});
