/**
 * Tables of the SQLite store. What comes from a container, or may (names, paths, error texts), is kept as JSON
 * text: JSON escapes NUL and lone surrogates, which stand for bytes that are not UTF-8 and which SQLite would
 * turn into replacement characters. Plain columns hold only what queries look for.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Generated } from 'kysely';
import type { IncidentState, ResponseStep } from '../../contract/index.ts';
import { PristineError } from '../../kernel/index.ts';
import type { JournalEntry, ResponsePurpose } from '../port.ts';

export interface IncidentTable {
  seq: Generated<number>;
  id: string;
  container_id: string;
  state: IncidentState;
  /** Milliseconds since 1970, for order: ISO texts of unlike precision do not sort. */
  opened_ms: number;
  ended_at: string | null;
  /** JSON of `{ container, mode, openedAt, plan? }`. */
  opening: string;
  /** JSON of `{ id, name }`. */
  replacement: string | null;
  /** JSON of a string. */
  error: string | null;
  purpose: Generated<ResponsePurpose>;
  /** JSON of `{ id, name, until }`. */
  suspect: string | null;
}

/** Times are milliseconds since 1970. */
export interface OutboxTable {
  seq: Generated<number>;
  id: string;
  target: string;
  merge_key: string;
  rank: number;
  body: string;
  times: number;
  created_ms: number;
  /** When it was to be sent first. */
  first_due_ms: number;
  due_ms: number;
  attempts: number;
  sent_ms: number | null;
}

export interface Tables {
  incident: IncidentTable;
  finding: { seq: Generated<number>; incident_id: string; finding_id: string; body: string };
  bundle: { seq: Generated<number>; incident_id: string; bundle_id: string };
  journal: {
    seq: Generated<number>;
    incident_id: string;
    step: ResponseStep;
    phase: JournalEntry['phase'];
    at: string;
    data: string;
  };
  timeline: { seq: Generated<number>; incident_id: string; at_ms: number; body: string };
  outbox: OutboxTable;
  /** What was given up for a target, and how much of that it has not been told. */
  outbox_target: { target: string; dropped: number; untold: number };
}

/** Each brings a database one version further; never edit one that was released. */
const MIGRATIONS = [
  `
  create table incident (
    seq integer primary key autoincrement,
    id text not null unique,
    container_id text not null,
    state text not null,
    opened_ms integer not null,
    ended_at text,
    opening text not null,
    replacement text,
    error text
  ) strict;
  create index incident_active on incident (container_id) where ended_at is null;
  create table finding (
    seq integer primary key autoincrement,
    incident_id text not null references incident (id),
    finding_id text not null,
    body text not null,
    unique (incident_id, finding_id)
  ) strict;
  create table bundle (
    seq integer primary key autoincrement,
    incident_id text not null references incident (id),
    bundle_id text not null,
    unique (incident_id, bundle_id)
  ) strict;
  create table journal (
    seq integer primary key autoincrement,
    incident_id text not null references incident (id),
    step text not null,
    phase text not null,
    at text not null,
    data text not null
  ) strict;
  create index journal_incident on journal (incident_id);
  create table timeline (
    seq integer primary key autoincrement,
    incident_id text not null references incident (id),
    at_ms integer not null,
    body text not null
  ) strict;
  create index timeline_incident on timeline (incident_id, at_ms);
  `,
  `
  alter table incident add column purpose text not null default 'incident';
  alter table incident add column suspect text;
  create index incident_suspect on incident (id) where suspect is not null;
  `,
  `
  create table outbox (
    seq integer primary key autoincrement,
    id text not null unique,
    target text not null,
    merge_key text not null,
    rank integer not null,
    body text not null,
    times integer not null,
    created_ms integer not null,
    first_due_ms integer not null,
    due_ms integer not null,
    attempts integer not null,
    sent_ms integer
  ) strict;
  create index outbox_waiting on outbox (target, due_ms) where sent_ms is null;
  create index outbox_key on outbox (target, merge_key);
  create table outbox_target (
    target text primary key,
    dropped integer not null,
    untold integer not null
  ) strict;
  `,
];

/**
 * Brings a database to the present version; `user_version` says which it has.
 *
 * @throws {PristineError} E_STATE when a newer Pristine made it
 */
export function migrate(database: DatabaseSync): void {
  // An immediate transaction, so that two processes that start at once do not both migrate.
  database.exec('begin immediate');
  try {
    const row = database.prepare('pragma user_version').get();
    const version = Number(row?.user_version ?? 0);
    if (version > MIGRATIONS.length) {
      throw new PristineError(
        'E_STATE',
        `the state database has version ${version}, and this Pristine knows versions up to ${MIGRATIONS.length}`,
        {
          next: 'Use the newer Pristine that wrote it, or another state directory with --state DIR.',
        },
      );
    }
    for (const sql of MIGRATIONS.slice(version)) database.exec(sql);
    database.exec(`pragma user_version = ${MIGRATIONS.length}`);
    database.exec('commit');
  } catch (error) {
    database.exec('rollback');
    throw error;
  }
}
