import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SafeDirectory } from '../../linux/index.ts';
import { Omissions } from '../omissions.ts';
import { TarWriter } from '../tar/writer.ts';
import { writeTree } from './write-tree.ts';

test('takes a directory of more directories than a call takes arguments', async () => {
  const crowd = mkdtempSync('/dev/shm/pristine-crowd-');
  try {
    for (let i = 0; i < 150_000; i++) mkdirSync(join(crowd, String(i)));
    const omissions = new Omissions();
    let entries = 0;
    const tar = new TarWriter({ write: async () => void entries++ });
    using root = SafeDirectory.openTrusted(crowd);
    await writeTree(root, tar, { overlay: true, title: 'upper layer', omissions });
    expect(entries).toBe(150_001);
    expect(omissions.list()).toEqual([]);
  } finally {
    rmSync(crowd, { recursive: true });
  }
});
