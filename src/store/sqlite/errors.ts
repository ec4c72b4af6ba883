import { messageOf, PristineError, systemErrorCode } from '../../kernel/index.ts';

/** Primary result codes of https://sqlite.org/rescode.html that have a meaning of their own here. */
const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const FULL = 13;
const NOTADB = 26;
/** Extended code of a reference to a row that is not there. */
export const CONSTRAINT_FOREIGNKEY = 787;

/** SQLite's extended result code in an error of node:sqlite, or undefined. */
export function sqliteCode(error: unknown): number | undefined {
  if (error instanceof Error && 'errcode' in error && typeof error.errcode === 'number') return error.errcode;
  return undefined;
}

/** What went wrong with the database file at `path`, in the catalogue's terms. */
export function storeError(error: unknown, path: string): PristineError {
  if (error instanceof PristineError) return error;
  const code = sqliteCode(error);
  const primary = code === undefined ? undefined : code & 0xff;
  if (primary === FULL || systemErrorCode(error) === 'ENOSPC') {
    return new PristineError('E_DISK_FULL', `the disk that holds ${path} is full; nothing was written`, {
      next: 'Make room on that disk and try again; what was acknowledged before is safe.',
      cause: error,
    });
  }
  if (primary === CORRUPT || primary === NOTADB) {
    return new PristineError('E_STATE', `the state database ${path} is damaged: ${messageOf(error)}`, {
      next: `Move ${path} away (evidence bundles and the ledger are separate files and stay valid), then start again.`,
      cause: error,
    });
  }
  if (primary === BUSY || primary === LOCKED) {
    return new PristineError('E_STATE_LOCKED', `another process keeps ${path} locked`, {
      next: 'Wait for the other Pristine to finish, or look for one that hangs.',
      cause: error,
    });
  }
  return new PristineError('E_STATE', `the state database ${path} cannot be used: ${messageOf(error)}`, {
    next: 'Look at the permissions and the disk of the state directory, or name another with --state DIR.',
    cause: error,
  });
}
