import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { smallDisk } from '../../../test/support/small-disk.ts';
import { describeOutbox } from '../outbox.contract.ts';
import { describeStore, opening } from '../store.contract.ts';
import { openSqliteStore } from './open.ts';

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pristine-store-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const location = async () => join(await temporaryDirectory(), 'pristine.db');

const subject = {
  module: new URL('./open.ts', import.meta.url).href,
  opener: 'openSqliteStore',
  open: openSqliteStore,
  location,
};
describeStore('SQLite', subject);
describeOutbox('SQLite', subject);

describe('the SQLite file', () => {
  test('and what lies beside it are readable by their owner alone, also when they were not', async () => {
    const path = await location();
    await writeFile(path, '');
    await chmod(path, 0o644);
    const store = await openSqliteStore(path);
    await store.openIncident(opening('inc-1'));
    const files = await readdir(join(path, '..'));
    expect(files.sort()).toEqual(['pristine.db', 'pristine.db-shm', 'pristine.db-wal']);
    for (const file of files) expect((await stat(join(path, '..', file))).mode & 0o777).toBe(0o600);
    await store.close();
    expect(await readdir(join(path, '..'))).toEqual(['pristine.db']);
  });

  test('of a newer version is refused and left as it was', async () => {
    const path = await location();
    await (await openSqliteStore(path)).close();
    const database = new DatabaseSync(path);
    database.exec('pragma user_version = 99');
    database.close();
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      code: 'E_STATE',
      message: expect.stringContaining('version 99'),
      next: expect.stringContaining('--state'),
    });
  });

  test('that is damaged, or no database, is E_STATE with a next step', async () => {
    const garbage = await location();
    await writeFile(garbage, 'not a database, but long enough to be read as one'.repeat(50));
    await expect(openSqliteStore(garbage)).rejects.toMatchObject({
      code: 'E_STATE',
      message: expect.stringContaining('damaged'),
      next: expect.stringContaining('Move'),
    });
    const directory = await temporaryDirectory();
    await expect(openSqliteStore(directory)).rejects.toMatchObject({ code: 'E_STATE' });
    await expect(openSqliteStore(join(directory, 'no', 'such'))).rejects.toMatchObject({ code: 'E_STATE' });
  });

  test.runIf(process.getuid?.() === 0)(
    'on a full disk is E_DISK_FULL, and keeps what was acknowledged',
    async () => {
      const directory = await temporaryDirectory();
      const mounted = spawnSync('mount', [
        '-t',
        'tmpfs',
        '-o',
        'size=400k,mode=700',
        'pristine-test',
        directory,
      ]);
      expect(mounted.status).toBe(0);
      onTestFinished(() => void spawnSync('umount', ['--lazy', directory]));
      const path = join(directory, 'pristine.db');
      const store = await openSqliteStore(path);
      await store.openIncident(opening('inc-1'));
      let acknowledged = 0;
      const fill = async () => {
        for (;;) {
          const text = `${acknowledged} ${'x'.repeat(4000)}`;
          await store.addTimeline('inc-1', { at: '2026-01-02T03:04:05.000Z', kind: 'note', text });
          acknowledged += 1;
        }
      };
      await expect(fill()).rejects.toMatchObject({
        code: 'E_DISK_FULL',
        next: expect.stringContaining('room'),
      });
      expect(acknowledged).toBeGreaterThan(5);
      expect(await store.timeline('inc-1')).toHaveLength(acknowledged);
      await store.close();
      const again = await openSqliteStore(path);
      expect(await again.timeline('inc-1')).toHaveLength(acknowledged);
      await again.close();
    },
  );
});

test.each(['tmpfs', 'ext4'] as const)(
  'what was reserved is there when %s is full, for several incidents',
  async (type) => {
    using disk = smallDisk(type, 16);
    const path = join(disk.path, 'pristine.db');
    await using store = await opened(path);
    await store.reserve();
    disk.leave(0);
    await expect(writeFile(join(disk.path, 'more'), Buffer.alloc(65536))).rejects.toThrow(/ENOSPC/);
    for (let number = 1; number <= 5; number++) {
      const incidentId = `inc-${number}`;
      await store.openIncident(opening(incidentId));
      for (let line = 0; line < 40; line++) {
        const at = '2026-01-02T03:04:05.000Z';
        await store.journal({
          incidentId,
          step: 'freeze',
          phase: 'done',
          at,
          data: { text: 'x'.repeat(1000) },
        });
        await store.addTimeline(incidentId, { at, kind: 'note', text: 'y'.repeat(200) });
      }
    }
    expect(await store.journalOf('inc-5')).toHaveLength(40);
  },
);

async function opened(path: string) {
  const store = await openSqliteStore(path);
  return { ...store, [Symbol.asyncDispose]: () => store.close() };
}
