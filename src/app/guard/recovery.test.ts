import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { DEFAULT_RECOVERY } from '../../contract/index.ts';
import { messageOf, PristineError } from '../../kernel/index.ts';
import type { ResponseDependencies } from '../../response/index.ts';
import { openSqliteStore } from '../../store/index.ts';
import { Recovery, type RecoveryOptions, type Watched } from './recovery.ts';

test('a repave that fails is tried again an hour later, and not at the next tick', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-test-recovery-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const store = await openSqliteStore(join(folder, 'pristine.db'));
  onTestFinished(() => store.close());
  let now = Date.parse('2026-01-02T00:00:00.000Z');
  const problems: string[] = [];
  // Of the old container, which each attempt may have stopped.
  let started = 0;
  const engine = {
    planReplacement: () => Promise.reject(new Error('its image is gone')),
    endRedirection: async () => {},
    withdrawReplacement: async () => {},
    start: async () => {
      started += 1;
      if (started === 2) throw new PristineError('E_NO_SUCH_CONTAINER', 'web is gone', { next: '' });
    },
  };
  const recovery = new Recovery({
    dependencies: {
      ...{ engine, store, clock: { now: () => new Date(now) } },
      ...{
        recoveryFor: async () => DEFAULT_RECOVERY,
        policyFor: async () => ({ recovery: DEFAULT_RECOVERY }),
      },
    } as unknown as ResponseDependencies,
    ...{ emit: () => {}, onReplaced: async () => {}, onLetGo: async () => {}, onRemoving: () => {} },
    onProblem: (error) => problems.push(messageOf(error)),
  } satisfies RecoveryOptions);
  const watched = {
    details: { id: 'c', name: 'web', image: 'shop:1', labels: {}, createdAt: '2026-01-01T00:00:00.000Z' },
    policy: { mode: 'heal', repave: { maxAge: '1h', jitter: 0 } },
  } as unknown as Watched;

  /** A tick this many minutes later, and what has come of all so far. */
  const startedAfter = async (minutes: number) => {
    now += minutes * 60_000;
    await recovery.tick([watched]);
    await sleep(100);
    return started;
  };
  expect(await startedAfter(0)).toBe(1);
  expect(problems).toEqual(['web was not repaved: its image is gone']);
  expect(await startedAfter(1)).toBe(1);
  expect(await startedAfter(58)).toBe(1);
  // Somebody has removed it meanwhile: then it is over.
  expect(await startedAfter(2)).toBe(2);
  await expect.poll(() => problems).toEqual(Array(2).fill('web was not repaved: its image is gone'));
  await recovery.close();
});
