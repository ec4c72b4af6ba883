import { expect, test } from 'vitest';
import { startContainer } from '../../../test/support/engine.ts';
import { captureOnFullDisk } from '../../../test/support/full-disk-run.ts';
import { smallDisk } from '../../../test/support/small-disk.ts';

test.each([
  { type: 'ext4', step: 16 << 10, prepare: true },
  { type: 'tmpfs', step: 16 << 10, prepare: true },
  { type: 'ext4', step: 64 << 10, prepare: false },
] as const)('a capture onto a full disk fails clean at each write: %o', async ({ type, ...run }) => {
  await using suspect = await startContainer({ options: ['--tmpfs', '/scratch', '-v', '/data'] });
  await suspect.sh(`
    echo loot > /loot; cp /bin/busybox /tmp/sleep; /tmp/sleep 600 & echo x > /scratch/x; echo y > /data/y
    sh -c 'exec 3>/tmp/loot; echo stolen >&3; rm /tmp/loot; exec /bin/sleep 4321' & sleep 0.1`);
  using disk = smallDisk(type, 32);
  const { failures, enough } = await captureOnFullDisk(disk, suspect.id, run);
  console.log(`${type}: ${failures} captures failed, one with ${enough >> 10} KiB succeeded`);
  expect(failures).toBeGreaterThan(run.prepare ? 50 : 40);
});
