import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_RECOVERY } from '../contract/index.ts';
import { systemClock } from '../kernel/index.ts';
import { openSqliteStore, type Store } from '../store/index.ts';
import type { ResponseDependencies } from './port.ts';
import { respond } from './respond.ts';

const container = { id: 'c1', name: 'web', image: 'i' };
const openedAt = '2026-01-02T03:04:05.000Z';
let directory: string;
let store: Store;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'pristine-repave-'));
  store = await openSqliteStore(join(directory, 'pristine.db'));
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What was asked of the engine by a repave that is told of an incident while its replacement is being prepared. */
async function repaveWith(found: 'open' | 'responding'): Promise<{ asked: string[]; state: string }> {
  const asked: string[] = [];
  const noted =
    (name: string, answer: unknown = undefined) =>
    async () => {
      asked.push(name);
      return answer;
    };
  const engine = {
    planReplacement: noted('plan', { sharedWritable: [], notPreparable: 'no' }),
    stop: async () => {
      asked.push('stop');
      await store.openIncident({ id: 'inc-1', container, mode: 'heal', openedAt });
      await store.updateIncident('inc-1', { state: found });
    },
    replacePristine: noted('replace', { id: 'c2', name: 'web' }),
    inspect: noted('inspect', { labels: {}, autoRemove: false }),
    waitHealthy: noted('health'),
    compareReplacement: noted('compare', []),
    recreateDependents: noted('dependents', []),
    endRedirection: noted('end redirection'),
    withdrawReplacement: noted('withdraw'),
    start: noted('start'),
    destroy: noted('destroy'),
  };
  await store.openIncident({ id: 'rep-1', container, mode: 'heal', openedAt, purpose: 'repave' });
  const deps = {
    ...{ engine, store, clock: systemClock, healthTimeoutMs: 1, onStep: () => {} },
    policyFor: async () => ({ lockFirst: false, recovery: DEFAULT_RECOVERY }),
  } as unknown as ResponseDependencies;
  const { state } = await respond('rep-1', deps);
  return { asked, state };
}

test('a repave goes on to its end', async () => {
  const { asked, state } = await repaveWith('open');
  expect(state).toBe('healed');
  expect(asked.at(-1)).toBe('destroy');
});

test('a repave gives way to the response to an incident, and destroys nothing', async () => {
  const { asked, state } = await repaveWith('responding');
  expect(state).toBe('closed');
  expect(asked.filter((one) => one !== 'inspect')).toEqual([
    ...['plan', 'stop', 'end redirection', 'withdraw'],
  ]);
});
