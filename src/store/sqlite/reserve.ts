/**
 * Room within the database's own files for what must be written when the disk is full: whoever is attacked often
 * shares that disk, and can fill it. Free pages of the database and the length of its log stay allocated, and are
 * written over (https://sqlite.org/wal.html). A filesystem that never writes in place gains nothing by it.
 */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

/** Several responses' journals, timelines and findings. */
const PAGES = 320;
/** The log is begun anew when so much of it is in the database: well before it outgrows what it had. */
const CHECKPOINT_AFTER_PAGES = 160;

/** Makes the room, where it is not there. @throws whatever SQLite throws, such as on a disk that is full already */
export function reserveRoom(database: DatabaseSync, path: string): void {
  database.exec(`pragma wal_autocheckpoint = ${CHECKPOINT_AFTER_PAGES}`);
  const number = (pragma: string) =>
    Number(Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})[0]);
  const bytes = PAGES * number('page_size');
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (number('freelist_count') >= PAGES / 2 && log >= bytes / 2) return;
  // Written and dropped: its pages are free then, and the log has been as long as it.
  database.exec(`
    begin immediate;
    drop table if exists reserve;
    create table reserve (filler blob);
    insert into reserve values (zeroblob(${bytes}));
    commit;
    drop table reserve;
  `);
}
