import type { Kysely, Selectable, Transaction } from 'kysely';
import type { NewOutboxMessage, Outbox, OutboxMessage } from '../outbox-port.ts';
import { storeError } from './errors.ts';
import type { OutboxTable, Tables } from './schema.ts';

/** The outbox over an open database; `path` is for messages. */
export function createSqliteOutbox(db: Kysely<Tables>, path: string): Outbox {
  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, path);
    }
  }

  /** A transaction that begins by writing: one that reads first would fail, not wait, when another process wrote since. */
  const writing = <T>(target: string, work: (trx: Transaction<Tables>) => Promise<T>) =>
    attempt(() =>
      db.transaction().execute(async (trx) => {
        await trx
          .insertInto('outbox_target')
          .values({ target, dropped: 0, untold: 0 })
          .onConflict((conflict) => conflict.column('target').doNothing())
          .execute();
        return work(trx);
      }),
    );

  return {
    put: (message, { mergeWithinMs, maxMessages }) =>
      writing(message.target, async (trx) => {
        const { target, mergeKey, rank, times, at } = message;
        const last = await trx
          .selectFrom('outbox')
          .selectAll()
          .where('target', '=', target)
          .where('merge_key', '=', mergeKey)
          .orderBy('seq', 'desc')
          .limit(1)
          .executeTakeFirst();
        if (last !== undefined && last.sent_ms === null && last.attempts === 0) {
          const merged = {
            body: JSON.stringify(message.body),
            times: last.times + times,
            rank: Math.max(last.rank, rank),
          };
          await trx.updateTable('outbox').set(merged).where('seq', '=', last.seq).execute();
          return 'merged';
        }
        const dueAt = last === undefined ? at : Math.max(at, last.first_due_ms + mergeWithinMs);
        await trx.insertInto('outbox').values(toRow(message, dueAt)).execute();
        await dropSurplus(trx, target, maxMessages);
        return 'queued';
      }),

    due: (target, now, limit) =>
      attempt(async () => {
        const waiting = db.selectFrom('outbox').selectAll().where('target', '=', target);
        const due = waiting.where('sent_ms', 'is', null).where('due_ms', '<=', now);
        return (await due.orderBy('seq').limit(limit).execute()).map(toMessage);
      }),

    nextDueAt: (target) =>
      attempt(async () => {
        const waiting = db.selectFrom('outbox').where('target', '=', target).where('sent_ms', 'is', null);
        const row = await waiting.select('due_ms').orderBy('due_ms').limit(1).executeTakeFirst();
        return row?.due_ms ?? null;
      }),

    begin: (id) =>
      attempt(async () => {
        const update = db.updateTable('outbox').where('id', '=', id);
        await update.set((row) => ({ attempts: row('attempts', '+', 1) })).execute();
      }),

    sent: (id, at) =>
      attempt(async () => {
        // The row stays as long as others may be merged with it, its content is not needed any more.
        await db.updateTable('outbox').set({ sent_ms: at, body: '{}' }).where('id', '=', id).execute();
      }),

    postpone: (id, dueAt) =>
      attempt(async () => {
        await db.updateTable('outbox').set({ due_ms: dueAt }).where('id', '=', id).execute();
      }),

    combine: (ids, message) =>
      writing(message.target, async (trx) => {
        await trx.deleteFrom('outbox').where('id', 'in', ids).execute();
        await trx.insertInto('outbox').values(toRow(message, message.at)).execute();
      }),

    giveUp: (ids) =>
      attempt(async () => {
        for (const id of ids) {
          const row = await db.selectFrom('outbox').selectAll().where('id', '=', id).executeTakeFirst();
          if (row !== undefined) await writing(row.target, (trx) => drop(trx, row.target, [row]));
        }
      }),

    prune: (target, { queuedBefore, sentBefore }) =>
      writing(target, async (trx) => {
        const of = trx.selectFrom('outbox').selectAll().where('target', '=', target);
        const old = of.where('sent_ms', 'is', null).where('created_ms', '<', queuedBefore);
        await drop(trx, target, await old.execute());
        const sent = trx.deleteFrom('outbox').where('target', '=', target);
        await sent.where('sent_ms', 'is not', null).where('first_due_ms', '<', sentBefore).execute();
      }),

    tellDropped: (message) =>
      writing(message.target, async (trx) => {
        const row = await trx
          .selectFrom('outbox_target')
          .select('untold')
          .where('target', '=', message.target)
          .executeTakeFirst();
        const times = row?.untold ?? 0;
        if (times === 0) return false;
        await trx
          .updateTable('outbox_target')
          .set({ untold: 0 })
          .where('target', '=', message.target)
          .execute();
        await trx
          .insertInto('outbox')
          .values(toRow({ ...message, times }, message.at))
          .execute();
        return true;
      }),

    retain: (targets) =>
      attempt(async () => {
        let forgotten = 0;
        for (const { target } of await db.selectFrom('outbox_target').select('target').execute()) {
          if (targets.includes(target)) continue;
          await writing(target, async (trx) => {
            const waiting = trx.selectFrom('outbox').select('times').where('target', '=', target);
            const rows = await waiting.where('sent_ms', 'is', null).execute();
            forgotten += rows.reduce((sum, { times }) => sum + times, 0);
            await trx.deleteFrom('outbox').where('target', '=', target).execute();
            await trx.deleteFrom('outbox_target').where('target', '=', target).execute();
          });
        }
        return forgotten;
      }),

    counts: () =>
      attempt(async () => {
        const waiting = await db
          .selectFrom('outbox')
          .select(['target', ({ fn }) => fn.countAll<number>().as('queued')])
          .where('sent_ms', 'is', null)
          .groupBy('target')
          .execute();
        const targets = await db.selectFrom('outbox_target').selectAll().orderBy('target').execute();
        return targets.map(({ target, dropped }) => ({
          target,
          queued: Number(waiting.find((row) => row.target === target)?.queued ?? 0),
          dropped,
        }));
      }),
  };
}

async function dropSurplus(trx: Transaction<Tables>, target: string, maxMessages: number): Promise<void> {
  const waiting = trx.selectFrom('outbox').where('target', '=', target).where('sent_ms', 'is', null);
  const { count } = await waiting
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const surplus = Number(count) - maxMessages;
  if (surplus <= 0) return;
  const least = waiting.selectAll().orderBy('rank').orderBy('seq').limit(surplus);
  await drop(trx, target, await least.execute());
}

async function drop(
  trx: Transaction<Tables>,
  target: string,
  rows: readonly Selectable<OutboxTable>[],
): Promise<void> {
  if (rows.length === 0) return;
  for (const { seq } of rows) await trx.deleteFrom('outbox').where('seq', '=', seq).execute();
  const times = rows.reduce((sum, row) => sum + row.times, 0);
  await trx
    .updateTable('outbox_target')
    .set((row) => ({ dropped: row('dropped', '+', times), untold: row('untold', '+', times) }))
    .where('target', '=', target)
    .execute();
}

function toRow({ id, target, mergeKey, rank, body, times, at }: NewOutboxMessage, dueAt: number) {
  return {
    id,
    target,
    merge_key: mergeKey,
    rank,
    body: JSON.stringify(body),
    times,
    created_ms: at,
    first_due_ms: dueAt,
    due_ms: dueAt,
    attempts: 0,
    sent_ms: null,
  };
}

function toMessage(row: Selectable<OutboxTable>): OutboxMessage {
  return {
    id: row.id,
    target: row.target,
    mergeKey: row.merge_key,
    rank: row.rank,
    body: JSON.parse(row.body),
    times: row.times,
    at: row.created_ms,
    dueAt: row.due_ms,
    attempts: row.attempts,
  };
}
