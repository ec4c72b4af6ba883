import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Finding, GuardEvent } from '../../contract/index.ts';
import { systemClock } from '../../kernel/index.ts';
import { openSqliteStore } from '../../store/index.ts';
import { IncidentRecorder } from './incident-recorder.ts';

const finding = (rule: string, number: number): Finding => ({
  ...{ id: `${rule}-${number}`, rule, title: rule, severity: 'low', attack: [], reason: 'why', kind: 'A' },
  ...{ path: `/srv/${rule}-${number}`, at: '2026-01-01T00:00:00.000Z' },
});

test('thousands of findings of one rule are bounded, and hide nothing of another', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-recorder-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const store = await openSqliteStore(join(folder, 'pristine.db'));
  const told: GuardEvent[] = [];
  const record = async (findings: Finding[]) => {
    // A recorder of a guard that was started anew goes on counting.
    const recorder = new IncidentRecorder(store, systemClock, (event) => told.push(event));
    return recorder.record({ id: 'c', name: 'web', image: 'web:1' }, 'watch', findings, () => undefined);
  };
  const incident = await record(Array.from({ length: 600 }, (_, number) => finding('decoy', number)));
  await record([finding('decoy', 601), finding('backdoor', 1)]);
  expect(told).toHaveLength(201);
  expect(told.at(-1)).toMatchObject({ finding: { rule: 'backdoor' } });
  expect((await store.incident(incident ?? '')).findings).toHaveLength(201);
  await store.close();
});

test('a finding that could not be written is recorded when it is found again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-recorder-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const store = await openSqliteStore(join(folder, 'pristine.db'));
  onTestFinished(() => store.close());
  let full = true;
  const addFinding: typeof store.addFinding = (...args) =>
    full ? Promise.reject(new Error('the disk is full')) : store.addFinding(...args);
  const told: GuardEvent[] = [];
  const recorder = new IncidentRecorder({ ...store, addFinding }, systemClock, (event) => told.push(event));
  const record = () =>
    recorder.record({ id: 'c', name: 'web', image: 'web:1' }, 'heal', [finding('shell', 1)], () => undefined);
  await expect(record()).rejects.toThrow('full');
  full = false;
  const incident = await record();
  expect((await store.incident(incident ?? '')).findings).toHaveLength(1);
  expect(told).toHaveLength(1);
});
