/** What every store's outbox must do; each adapter's test calls {@link describeOutbox} with itself. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { NewOutboxMessage, OutboxLimits } from './outbox-port.ts';
import { inProcess, type StoreUnderTest } from './store.contract-process.ts';

const LIMITS: OutboxLimits = { mergeWithinMs: 1000, maxMessages: 100 };
const HOSTILE = 'a\udcff\udc80\0b\u001b[31m\'";\n{"x":1}\u2028 -- %s \u{1f480}';

const message = (id: string, over: Partial<NewOutboxMessage> = {}): NewOutboxMessage => ({
  id,
  target: 'ops',
  mergeKey: id,
  rank: 3,
  body: { text: id },
  times: 1,
  at: 10_000,
  ...over,
});

export function describeOutbox(name: string, subject: StoreUnderTest): void {
  const fresh = async () => {
    const location = await subject.location();
    const store = await subject.open(location);
    onTestFinished(() => store.close());
    return { outbox: store.outbox, location };
  };

  describe(`${name}, as an outbox`, () => {
    test('gives what is due to its target alone, in order, until it was sent', async () => {
      const { outbox } = await fresh();
      expect(await outbox.nextDueAt('ops')).toBeNull();
      for (const id of ['m1', 'm2']) expect(await outbox.put(message(id), LIMITS)).toBe('queued');
      await outbox.put(message('m3', { target: 'chat' }), LIMITS);
      expect(await outbox.due('ops', 9_999, 10)).toEqual([]);
      expect((await outbox.due('ops', 10_000, 10)).map(({ id }) => id)).toEqual(['m1', 'm2']);
      expect((await outbox.due('ops', 10_000, 1)).map(({ id }) => id)).toEqual(['m1']);
      await outbox.sent('m1', 10_001);
      expect(await outbox.due('ops', 10_000, 10)).toEqual([{ ...message('m2'), dueAt: 10_000, attempts: 0 }]);
      await outbox.begin('m2');
      await outbox.postpone('m2', 12_000);
      expect(await outbox.due('ops', 11_999, 10)).toEqual([]);
      expect(await outbox.nextDueAt('ops')).toBe(12_000);
      expect((await outbox.due('ops', 12_000, 10))[0]).toMatchObject({ id: 'm2', attempts: 1 });
      expect(await outbox.counts()).toEqual([
        { target: 'chat', queued: 1, dropped: 0 },
        { target: 'ops', queued: 1, dropped: 0 },
      ]);
    });

    test('merges what waits untried, and after that holds the next one back', async () => {
      const { outbox } = await fresh();
      const alike = (id: string, at: number, rank = 3) => message(id, { mergeKey: 'k', at, rank });
      expect(await outbox.put(alike('m1', 10_000), LIMITS)).toBe('queued');
      expect(await outbox.put(alike('m2', 10_100, 4), LIMITS)).toBe('merged');
      const [first] = await outbox.due('ops', 10_100, 10);
      expect(first).toMatchObject({ id: 'm1', body: { text: 'm2' }, times: 2, rank: 4 });
      await outbox.begin('m1');
      // It is on its way: what comes now must not get lost with it.
      expect(await outbox.put(alike('m3', 10_200), LIMITS)).toBe('queued');
      await outbox.sent('m1', 10_300);
      expect(await outbox.put(alike('m4', 10_400), LIMITS)).toBe('merged');
      expect(await outbox.due('ops', 10_999, 10)).toEqual([]);
      expect((await outbox.due('ops', 11_000, 10)).map(({ id, times }) => [id, times])).toEqual([['m3', 2]]);
      await outbox.begin('m3');
      await outbox.sent('m3', 11_000);
      // The window begins anew with what was held back.
      await outbox.put(alike('m5', 11_100), LIMITS);
      expect(await outbox.nextDueAt('ops')).toBe(12_000);
      await outbox.sent('m5', 12_000);
      await outbox.put(alike('m6', 20_000), LIMITS);
      expect(await outbox.nextDueAt('ops')).toBe(20_000);
      await outbox.put(message('other', { mergeKey: 'k', target: 'chat', at: 20_000 }), LIMITS);
      expect(await outbox.nextDueAt('chat')).toBe(20_000);
    });

    test('gives up the oldest of the least rank when there are too many, and tells how many', async () => {
      const { outbox } = await fresh();
      const limits = { mergeWithinMs: 0, maxMessages: 3 };
      await outbox.put(message('high', { rank: 4 }), limits);
      await outbox.put(message('low', { rank: 1, times: 5 }), limits);
      for (const id of ['m1', 'm2', 'm3']) await outbox.put(message(id), limits);
      expect((await outbox.due('ops', 10_000, 10)).map(({ id }) => id)).toEqual(['high', 'm2', 'm3']);
      expect(await outbox.counts()).toEqual([{ target: 'ops', queued: 3, dropped: 6 }]);
      const { times, ...told } = message('told', { at: 10_001 });
      expect(times).toBe(1);
      expect(await outbox.tellDropped(told)).toBe(true);
      expect(await outbox.tellDropped({ ...told, id: 'again' })).toBe(false);
      expect((await outbox.due('ops', 10_001, 10)).at(-1)).toMatchObject({ id: 'told', times: 6 });
      // What tells of losses is not lost with its number.
      await outbox.giveUp(['told', 'no-such']);
      expect(await outbox.counts()).toEqual([{ target: 'ops', queued: 3, dropped: 12 }]);
      expect(await outbox.tellDropped({ ...told, id: 'told-2' })).toBe(true);
    });

    test('gives up what is too old, and forgets what was sent', async () => {
      const { outbox } = await fresh();
      await outbox.put(message('old', { at: 1000 }), LIMITS);
      await outbox.put(message('new', { at: 2000 }), LIMITS);
      await outbox.put(message('sent', { at: 1000 }), LIMITS);
      await outbox.sent('sent', 1000);
      await outbox.prune('ops', { queuedBefore: 2000, sentBefore: 2000 });
      expect((await outbox.due('ops', 9000, 10)).map(({ id }) => id)).toEqual(['new']);
      expect(await outbox.counts()).toEqual([{ target: 'ops', queued: 1, dropped: 1 }]);
      // Its key is free again.
      await outbox.put(message('sent-2', { mergeKey: 'sent', at: 1001 }), LIMITS);
      expect(await outbox.nextDueAt('ops')).toBe(1001);
    });

    test('puts one message in the place of several', async () => {
      const { outbox } = await fresh();
      for (const id of ['m1', 'm2', 'm3']) await outbox.put(message(id), LIMITS);
      await outbox.combine(['m1', 'm2'], message('both', { times: 2, at: 10_500 }));
      expect((await outbox.due('ops', 10_500, 10)).map(({ id, times }) => [id, times])).toEqual([
        ['m3', 1],
        ['both', 2],
      ]);
    });

    test('forgets targets that are no more', async () => {
      const { outbox } = await fresh();
      await outbox.put(message('m1'), LIMITS);
      await outbox.put(message('m2', { target: 'chat', times: 3 }), LIMITS);
      expect(await outbox.retain(['ops'])).toBe(3);
      expect(await outbox.counts()).toEqual([{ target: 'ops', queued: 1, dropped: 0 }]);
    });

    test('gives hostile strings back as they came', async () => {
      const { outbox } = await fresh();
      await outbox.put(message('m1', { body: { [HOSTILE]: [HOSTILE] } }), LIMITS);
      expect((await outbox.due('ops', 10_000, 1))[0]?.body).toEqual({ [HOSTILE]: [HOSTILE] });
    });

    test('holds all it acknowledged when its process is killed, while another process writes', async () => {
      const { outbox, location } = await fresh();
      const writer = inProcess(
        subject,
        location,
        `for (let n = 0; ; n++) {
          const message = { id: 'm' + n, target: 'ops', mergeKey: 'k' + n, rank: 1, body: {}, times: 1, at: n };
          await store.outbox.put(message, { mergeWithinMs: 0, maxMessages: 1e6 });
          console.log('m' + n);
        }`,
      );
      const acknowledged: string[] = [];
      writer.lines.on('line', (line) => acknowledged.push(line));
      // Transactions of ours in between must fail neither here nor there.
      for (let own = 0; acknowledged.length < 30; own++) {
        await outbox.put(message(`own-${own}`, { target: 'chat' }), LIMITS);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      writer.kill();
      expect((await writer.exit).stderr).toBe('');
      const kept = (await outbox.due('ops', Number.MAX_SAFE_INTEGER, 100_000)).map(({ id }) => id);
      expect(acknowledged.length).toBeGreaterThanOrEqual(30);
      expect(kept.slice(0, acknowledged.length)).toEqual(acknowledged);
    });
  });
}
