import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DEFAULT_RECOVERY } from '../contract/index.ts';
import { PristineError, systemClock } from '../kernel/index.ts';
import { openSqliteStore } from '../store/index.ts';
import type { ResponseDependencies } from './port.ts';
import { respond } from './respond.ts';

test.each(['freeze-first', 'start-first'] as const)(
  'a container that is removed before it was frozen ends its incident, with %s',
  async (order) => {
    const folder = mkdtempSync(join(tmpdir(), 'pristine-test-failure-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const store = await openSqliteStore(join(folder, 'pristine.db'));
    onTestFinished(() => store.close());
    const container = { id: 'c', name: 'web', image: 'i' };
    await store.openIncident({ id: 'inc', container, mode: 'heal', openedAt: '2026-01-01T00:00:00.000Z' });
    const gone = () => Promise.reject(new PristineError('E_NO_SUCH_CONTAINER', 'web is gone', { next: '' }));
    const withdrawn: string[] = [];
    const engine = {
      destroy: async () => {},
      ...{ freeze: gone, inspect: gone, planReplacement: gone },
      withdrawReplacement: async (id: string) => {
        withdrawn.push(id);
      },
    };
    const deps = {
      ...{ engine, store, clock: systemClock, onStep: () => {} },
      policyFor: async () => ({ recovery: { ...DEFAULT_RECOVERY, order }, lockFirst: false }),
    } as unknown as ResponseDependencies;
    expect(await respond('inc', deps)).toMatchObject({ state: 'closed', replacement: null });
    expect(withdrawn).toEqual(['c']);
    expect(await store.unfinished()).toEqual([]);
    expect((await store.timeline('inc')).at(-1)?.text).toMatch(/removed it before it was frozen/);
  },
);
