/** Captures onto a disk that is full, with a little more room each time, until one succeeds. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createEvidenceStore, verifyLedger } from '../../src/evidence/index.ts';
import { ledgerPath } from '../../src/evidence/ledger/ledger.ts';
import { hostKey } from '../../src/evidence/seal/host-key.ts';
import { systemClock } from '../../src/kernel/index.ts';
import { captureContainer, testEngine } from './evidence.ts';
import type { SmallDisk } from './small-disk.ts';

export interface FullDiskRun {
  /** Captures that failed for want of room. */
  readonly failures: number;
  /** Free bytes with which one succeeded. */
  readonly enough: number;
}

/**
 * @param step bytes more each time, so that each write of a capture is the one that fails in some of them
 * @param prepare whether key, ledger and the image's layers are there before, as in a guard that runs for long
 */
export async function captureOnFullDisk(
  disk: SmallDisk,
  containerId: string,
  { step, prepare }: { step: number; prepare: boolean },
): Promise<FullDiskRun> {
  const engine = await testEngine(disk.path);
  const store = createEvidenceStore(disk.path, { clock: systemClock, keepFree: 0 });
  const evidence = join(disk.path, 'evidence');
  const found = () => (existsSync(evidence) ? readdirSync(evidence) : []);
  if (prepare) {
    await captureContainer(containerId, disk.path, { engine, keepFree: 0 });
  }
  const before = found();
  for (let free = 0, failures = 0; ; free += step, failures++) {
    disk.leave(free);
    const captured = await captureContainer(containerId, disk.path, { engine, keepFree: 0 }).catch(
      (error: unknown) => error,
    );
    disk.empty();
    if (!(captured instanceof Error)) {
      const { bundle } = captured as { bundle: string };
      expect((await store.verify(bundle)).problems).toEqual([]);
      return { failures, enough: free };
    }
    expect({ free, code: (captured as { code?: string }).code, captured }).toMatchObject({
      code: 'E_DISK_FULL',
    });
    expect(found()).toEqual(before);
    const path = ledgerPath(disk.path);
    if (!existsSync(path)) continue;
    const { problems } = await verifyLedger(path, (await hostKey(disk.path)).publicKey);
    expect({ free, problems }).toEqual({ free, problems: [] });
  }
}
