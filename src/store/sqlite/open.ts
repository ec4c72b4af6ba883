import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely';
import type { Store } from '../port.ts';
import { storeError } from './errors.ts';
import { migrate, type Tables } from './schema.ts';
import { createSqliteStore } from './store.ts';

/** How long a statement waits for another process's write, in milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * Opens, or makes with mode 0600, the database file that remembers incidents. Several processes may have it open.
 *
 * @param path file in a directory that exists
 * @throws {PristineError} E_STATE when the file cannot be used, is damaged or of a newer version; E_DISK_FULL;
 *   E_STATE_LOCKED when another process keeps it locked for five seconds
 */
export async function openSqliteStore(path: string): Promise<Store> {
  let database: DatabaseSync | undefined;
  try {
    await makePrivate(path);
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
    // With the write-ahead log, the command line reads while the guard writes. FULL: a commit is on disk when it returns.
    database.exec('pragma journal_mode = wal; pragma synchronous = full');
    migrate(database);
  } catch (error) {
    database?.close();
    throw storeError(error, path);
  }
  const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database: forKysely(database) }) });
  return createSqliteStore(kysely, path, database);
}

/** SQLite makes its log and index files with the mode of the database. */
async function makePrivate(path: string): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    await file.chmod(0o600);
  } finally {
    await file.close();
  }
}

/** node:sqlite in the form of better-sqlite3, which Kysely's dialect speaks. */
function forKysely(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      type Values = Parameters<typeof statement.all>;
      return {
        reader: statement.columns().length > 0,
        all: (values) => statement.all(...(values as Values)),
        run: (values) => statement.run(...(values as Values)),
        iterate: (values) => statement.iterate(...(values as Values)),
      };
    },
  };
}
