/** Harms copies of a bundle, of its export and of the ledger, and sees that each harm is reported by name. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createEvidenceStore,
  ledgerPath,
  parsePublicKey,
  publicKeyPath,
  verifyBundle,
  verifyLedger,
} from '../../src/evidence/index.ts';
import { systemClock } from '../../src/kernel/index.ts';
import { makeSmallBundle, SMALL_BUNDLE } from './small-bundle.ts';
import { flipBit, type Harm, harmBundle, harmLedger, randomFrom } from './tamper.ts';

/** @returns what was done and not reported by name; empty when all is well */
export async function tamper(times: number, seed: number): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'pristine-tamper-'));
  try {
    const state = join(root, 'state');
    const bundle = await makeSmallBundle(state);
    const exported = join(root, 'exported.tar');
    await createEvidenceStore(state, { clock: systemClock }).export(SMALL_BUNDLE, exported);
    const publicKey = parsePublicKey(readFileSync(publicKeyPath(state), 'utf8'));
    const random = randomFrom(seed);
    const unreported: string[] = [];
    for (let i = 0; i < times; i++) {
      const copy = join(root, 'copy');
      const kind = random(10);
      let harm: Harm;
      let subjects: string[];
      if (kind < 6) {
        cpSync(bundle, copy, { recursive: true });
        harm = harmBundle(copy, random);
        subjects = (await verifyBundle(copy, { publicKey })).problems.map(({ subject }) => subject);
      } else if (kind < 9) {
        cpSync(ledgerPath(state), join(copy, 'ledger.jsonl'));
        cpSync(join(state, 'ledger.head'), join(copy, 'ledger.head'));
        harm = harmLedger(copy, random);
        const report = await verifyLedger(join(copy, 'ledger.jsonl'), publicKey);
        subjects = report.problems.map(({ subject }) => subject);
      } else {
        cpSync(exported, join(copy, 'exported.tar'));
        harm = { ...flipBit(copy, 'exported.tar', random), named: () => true };
        const report = await verifyBundle(join(copy, 'exported.tar'), { publicKey });
        subjects = report.problems.map(({ subject }) => subject);
      }
      if (!subjects.some(harm.named))
        unreported.push(`${harm.what}: reported ${subjects.join(', ') || 'nothing'}`);
      rmSync(copy, { recursive: true, force: true });
      rmSync(join(root, 'moved'), { force: true });
    }
    return unreported;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
