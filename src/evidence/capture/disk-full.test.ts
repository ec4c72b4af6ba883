import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startContainer, type TestContainer } from '../../../test/support/engine.ts';
import { captureContainer, testEngine } from '../../../test/support/evidence.ts';
import { captureOnFullDisk } from '../../../test/support/full-disk-run.ts';
import { smallDisk } from '../../../test/support/small-disk.ts';
import { systemClock } from '../../kernel/index.ts';
import { createEvidenceStore } from '../index.ts';

let suspect: TestContainer;
beforeAll(async () => {
  suspect = await startContainer();
  await suspect.sh('echo loot > /loot; cp /bin/busybox /tmp/sleep; /tmp/sleep 600 & sleep 0.1');
});
afterAll(() => suspect?.[Symbol.asyncDispose]());

test('a capture onto a full disk says so wherever it happens, leaves nothing half, and succeeds with room', async () => {
  using disk = smallDisk('tmpfs', 24);
  const { failures, enough } = await captureOnFullDisk(disk, suspect.id, { step: 128 << 10, prepare: true });
  console.log(`${failures} captures failed, one with ${enough >> 10} KiB succeeded`);
  expect(failures).toBeGreaterThan(5);
});

describe('a capture that would leave less free than is to be kept', () => {
  const upper = 12 << 20;
  test('is refused before anything is written', async () => {
    using disk = smallDisk('tmpfs', 64);
    const engine = await testEngine(disk.path);
    await createEvidenceStore(disk.path, { clock: systemClock, keepFree: 0 }).prefetchImage(
      engine,
      (await engine.inspect(suspect.id)).imageId,
    );
    await using large = await startContainer();
    await large.sh(`dd if=/dev/zero of=/large bs=1M count=${upper >> 20} 2>/dev/null`);
    const { bavail, bsize } = statfsSync(disk.path);
    const keepFree = bavail * bsize - upper;
    let progress = 0;
    const capture = captureContainer(large.id, disk.path, { engine, keepFree, onProgress: () => progress++ });
    await expect(capture).rejects.toMatchObject({
      code: 'E_DISK_FULL',
      message: expect.stringContaining('upper layer'),
      next: expect.stringContaining('evidence prune'),
    });
    expect(progress).toBe(0);
    expect(readdirSync(join(disk.path, 'evidence'))).toEqual([]);
    const { manifest } = await captureContainer(large.id, disk.path, {
      engine,
      keepFree: keepFree - (4 << 20),
    });
    expect(manifest.items.find(({ path }) => path === 'items/upper-layer.tar')?.size).toBeGreaterThan(upper);
    expect(statfsSync(disk.path).bavail * bsize).toBeGreaterThan(keepFree - (4 << 20));
  });

  test('is ended while it writes, where it could not be known before', async () => {
    using disk = smallDisk('tmpfs', 64);
    const engine = await testEngine(disk.path);
    // A memory filesystem is no part of the upper layer that is measured.
    await using large = await startContainer({ options: ['--tmpfs', '/scratch:size=64m'] });
    await large.sh(`dd if=/dev/urandom of=/scratch/large bs=1M count=40 2>/dev/null`);
    const keepFree = 32 << 20;
    let least = Number.POSITIVE_INFINITY;
    const watch = setInterval(() => {
      const { bavail, bsize } = statfsSync(disk.path);
      least = Math.min(least, bavail * bsize);
    }, 1);
    const capture = captureContainer(large.id, disk.path, { engine, keepFree });
    await expect(capture).rejects.toMatchObject({ code: 'E_DISK_FULL' });
    clearInterval(watch);
    // It looks every 8 MiB, of each file that is being written.
    expect(least).toBeGreaterThan(keepFree - (16 << 20));
    expect(readdirSync(join(disk.path, 'evidence'))).toEqual([]);
  });

  test('leaves a part of the disk free where nothing is configured', async () => {
    using disk = smallDisk('tmpfs', 160);
    const { bsize, blocks } = statfsSync(disk.path);
    // Twice of what the capture takes.
    disk.leave(Math.floor((bsize * blocks) / 20));
    await expect(captureContainer(suspect.id, disk.path)).rejects.toMatchObject({ code: 'E_DISK_FULL' });
    disk.empty();
    await captureContainer(suspect.id, disk.path);
  });
});
