import type { DatabaseSync } from 'node:sqlite';
import { distance } from 'fastest-levenshtein';
import type { Kysely, Selectable } from 'kysely';
import { type Finding, type Incident, SEVERITIES, type TimelineEntry } from '../../contract/index.ts';
import { PristineError } from '../../kernel/index.ts';
import type { JournalEntry, Store } from '../port.ts';
import { CONSTRAINT_FOREIGNKEY, sqliteCode, storeError } from './errors.ts';
import { createSqliteOutbox } from './outbox.ts';
import { reserveRoom } from './reserve.ts';
import type { IncidentTable, Tables } from './schema.ts';

/** The store over an open database; `path` is for messages. */
export function createSqliteStore(db: Kysely<Tables>, path: string, database: DatabaseSync): Store {
  async function attempt<T>(work: () => Promise<T>, incidentId?: string): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (incidentId !== undefined && sqliteCode(error) === CONSTRAINT_FOREIGNKEY) {
        throw await noSuchIncident(db, incidentId);
      }
      throw storeError(error, path);
    }
  }

  async function withParts(rows: Selectable<IncidentTable>[]): Promise<Incident[]> {
    let findings = db.selectFrom('finding').selectAll().orderBy('seq');
    let bundles = db.selectFrom('bundle').selectAll().orderBy('seq');
    // One by its id; more than one as a whole, as SQLite bounds the number of values in a query.
    if (rows.length === 1 && rows[0] !== undefined) {
      findings = findings.where('incident_id', '=', rows[0].id);
      bundles = bundles.where('incident_id', '=', rows[0].id);
    }
    const found = Map.groupBy(await findings.execute(), ({ incident_id }) => incident_id);
    const kept = Map.groupBy(await bundles.execute(), ({ incident_id }) => incident_id);
    return rows.map((row) =>
      toIncident(
        row,
        (found.get(row.id) ?? []).map(({ body }) => JSON.parse(body) as Finding),
        (kept.get(row.id) ?? []).map(({ bundle_id }) => bundle_id),
      ),
    );
  }

  return {
    openIncident: ({ id, container, mode, openedAt, purpose = 'incident', plan }) =>
      attempt(async () => {
        const opening = JSON.stringify({ container, mode, openedAt, plan });
        const opened_ms = Date.parse(openedAt);
        const state = 'open' as const;
        const row = { id, container_id: container.id, state, opened_ms, opening, purpose };
        await db.insertInto('incident').values(row).execute();
      }),

    addFinding: (incidentId, finding) =>
      attempt(async () => {
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('finding')
          .values({ incident_id: incidentId, finding_id: finding.id, body: JSON.stringify(finding) })
          .onConflict((conflict) => conflict.columns(['incident_id', 'finding_id']).doNothing())
          .executeTakeFirstOrThrow();
        return numInsertedOrUpdatedRows === 1n;
      }, incidentId),

    addBundle: (incidentId, bundleId) =>
      attempt(async () => {
        await db
          .insertInto('bundle')
          .values({ incident_id: incidentId, bundle_id: bundleId })
          .onConflict((conflict) => conflict.columns(['incident_id', 'bundle_id']).doNothing())
          .execute();
      }, incidentId),

    updateIncident: (id, { state, endedAt, replacement, suspect, error }) =>
      attempt(async () => {
        const columns = {
          // An empty update is not valid SQL; this changes nothing.
          id,
          ...(state === undefined ? {} : { state }),
          ...(endedAt === undefined ? {} : { ended_at: endedAt }),
          ...(replacement === undefined ? {} : { replacement: replacement && JSON.stringify(replacement) }),
          ...(suspect === undefined ? {} : { suspect: suspect === null ? null : JSON.stringify(suspect) }),
          ...(error === undefined ? {} : { error: JSON.stringify(error) }),
        };
        const update = db.updateTable('incident').set(columns).where('id', '=', id);
        const { numUpdatedRows } = await update.executeTakeFirstOrThrow();
        if (numUpdatedRows === 0n) throw await noSuchIncident(db, id);
      }),

    incident: (id) =>
      attempt(async () => {
        const row = await db.selectFrom('incident').selectAll().where('id', '=', id).executeTakeFirst();
        const [incident] = row === undefined ? [] : await withParts([row]);
        if (incident === undefined) throw await noSuchIncident(db, id);
        return incident;
      }),

    incidents: () =>
      attempt(async () => {
        const all = db.selectFrom('incident').selectAll().where('purpose', '=', 'incident');
        return withParts(await all.orderBy('opened_ms', 'desc').orderBy('seq', 'desc').execute());
      }),

    unfinished: () =>
      attempt(async () => {
        const begun = db.selectFrom('incident').selectAll().where('ended_at', 'is', null);
        // A repave is begun by being opened.
        const isBegun = begun.where((is) => is.or([is('state', '!=', 'open'), is('purpose', '=', 'repave')]));
        return withParts(await isBegun.orderBy('seq').execute());
      }),

    purposeOf: (id) =>
      attempt(async () => {
        const found = db.selectFrom('incident').select('purpose').where('id', '=', id);
        const row = await found.executeTakeFirst();
        if (row === undefined) throw await noSuchIncident(db, id);
        return row.purpose;
      }),

    keptSuspects: () =>
      attempt(async () => {
        const rows = await db.selectFrom('incident').selectAll().where('suspect', 'is not', null).execute();
        const until = ({ suspect }: Incident) => Date.parse(suspect?.until ?? '');
        return (await withParts(rows)).sort((a, b) => until(a) - until(b));
      }),

    replacementsSince: (name, since) =>
      attempt(async () => {
        const replaced = db
          .selectFrom('incident')
          .select(['opening', 'opened_ms'])
          .where('purpose', '=', 'incident')
          .where('replacement', 'is not', null)
          .where('opened_ms', '>=', Date.parse(since));
        const named = ({ opening }: { opening: string }) =>
          (JSON.parse(opening) as Pick<Incident, 'container'>).container.name === name;
        return (await replaced.execute()).filter(named).length;
      }),

    activeIncident: (containerId) =>
      attempt(async () => {
        const row = await db
          .selectFrom('incident')
          .selectAll()
          .where('container_id', '=', containerId)
          .where('purpose', '=', 'incident')
          .where('ended_at', 'is', null)
          // A repave at work must not hide the incident of a container.
          .orderBy('purpose')
          .orderBy('seq', 'desc')
          .limit(1)
          .executeTakeFirst();
        return row === undefined ? null : ((await withParts([row]))[0] ?? null);
      }),

    journal: ({ incidentId, step, phase, at, data }, told) =>
      attempt(async () => {
        const row = { incident_id: incidentId, step, phase, at, data: JSON.stringify(data) };
        if (told === undefined) return void (await db.insertInto('journal').values(row).execute());
        await db.transaction().execute(async (both) => {
          await both.insertInto('journal').values(row).execute();
          await both.insertInto('timeline').values(timelineRow(incidentId, told)).execute();
        });
      }, incidentId),

    journalOf: (incidentId) =>
      attempt(async () => {
        const all = db.selectFrom('journal').selectAll().where('incident_id', '=', incidentId);
        const rows = await all.orderBy('seq').execute();
        return rows.map(({ step, phase, at, data }) => ({
          incidentId,
          step,
          phase,
          at,
          data: JSON.parse(data) as JournalEntry['data'],
        }));
      }),

    addTimeline: (incidentId, entry) =>
      attempt(async () => {
        await db.insertInto('timeline').values(timelineRow(incidentId, entry)).execute();
      }, incidentId),

    timeline: (incidentId) =>
      attempt(async () => {
        const all = db.selectFrom('timeline').select('body').where('incident_id', '=', incidentId);
        const rows = await all.orderBy('at_ms').orderBy('seq').execute();
        return rows.map(({ body }) => JSON.parse(body) as TimelineEntry);
      }),

    outbox: createSqliteOutbox(db, path),

    reserve: () => attempt(async () => reserveRoom(database, path)),

    close: async () => {
      // Kysely closes the database itself only once it has run a query.
      await db.destroy();
      if (database.isOpen) database.close();
    },
  };
}

function timelineRow(incidentId: string, entry: TimelineEntry) {
  return { incident_id: incidentId, at_ms: Date.parse(entry.at), body: JSON.stringify(entry) };
}

function toIncident(row: Selectable<IncidentTable>, findings: Finding[], bundles: string[]): Incident {
  const opening = JSON.parse(row.opening) as Pick<Incident, 'container' | 'mode' | 'openedAt' | 'plan'>;
  const worst = findings.reduce((rank, { severity }) => Math.max(rank, SEVERITIES.indexOf(severity)), 0);
  return {
    id: row.id,
    ...opening,
    state: row.state,
    severity: SEVERITIES[worst] ?? 'info',
    endedAt: row.ended_at,
    findings,
    bundles,
    replacement: row.replacement === null ? null : JSON.parse(row.replacement),
    suspect: row.suspect === null ? null : JSON.parse(row.suspect),
    ...(row.error === null ? {} : { error: JSON.parse(row.error) as string }),
  };
}

async function noSuchIncident(db: Kysely<Tables>, id: string): Promise<PristineError> {
  const known = await db.selectFrom('incident').select('id').orderBy('seq', 'desc').limit(1000).execute();
  const nearest = known.map((row) => row.id).sort((a, b) => distance(a, id) - distance(b, id))[0];
  return new PristineError('E_NO_SUCH_INCIDENT', `no incident has the id ${JSON.stringify(id)}`, {
    next:
      nearest === undefined
        ? 'There are no incidents in this state directory; name another with --state DIR.'
        : `Did you mean ${nearest}? "pristine incidents" lists them all.`,
  });
}
