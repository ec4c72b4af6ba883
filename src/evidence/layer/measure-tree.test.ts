import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SafeDirectory } from '../../linux/index.ts';
import { measureTree } from './measure-tree.ts';

const everything = { bytes: Number.POSITIVE_INFINITY, entries: Number.POSITIVE_INFINITY };

async function measured(script: string, enough = everything) {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-measure-'));
  try {
    execFileSync('sh', ['-ec', script], { cwd: folder });
    using root = SafeDirectory.openTrusted(folder);
    return await measureTree(root, enough);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a tree is as large as an archive of it: holes take nothing, and a file with many names counts once', async () => {
  const one = await measured('dd if=/dev/zero of=data bs=64k count=16 2>/dev/null; truncate -s 50G holes');
  expect(one.entries).toBe(2);
  expect(one.bytes).toBeGreaterThanOrEqual(1 << 20);
  expect(one.bytes).toBeLessThan((1 << 20) + (16 << 10));
  const many = await measured(
    'dd if=/dev/zero of=data bs=64k count=16 2>/dev/null; for i in 1 2 3 4; do ln data l$i; done',
  );
  expect(many.bytes).toBeLessThan((1 << 20) + (16 << 10));
});

test('no link is followed, no FIFO waited for, and nothing is measured beyond what is enough', async () => {
  expect(await measured('ln -s / host; mkfifo pipe; mkdir sub; touch sub/file')).toMatchObject({
    entries: 4,
  });
  const some = await measured('mkdir a; cd a; seq 1 500 | xargs touch', { ...everything, entries: 100 });
  expect(some.entries).toBe(101);
});
