import type { BundleManifest } from '../../contract/index.ts';
import { PristineError } from '../../kernel/index.ts';
import { briefly } from '../briefly.ts';
import type { BundleSource } from '../bundle/entries.ts';
import { readEntry } from '../bundle/source.ts';
import { envelopePayload } from './dsse.ts';
import { readStatement, SEAL_FILE } from './statement.ts';

const LARGEST_SEAL = 64 << 20;

/**
 * The manifest in a bundle's seal, without checking the signature or the files: `verifyBundle` does that.
 *
 * @throws {PristineError} E_EVIDENCE_INVALID when there is no readable seal
 */
export async function readBundleManifest(source: BundleSource): Promise<BundleManifest> {
  const entry = source.entries.get(SEAL_FILE);
  try {
    if (entry === undefined) throw new Error(`${SEAL_FILE} is missing`);
    return readStatement(envelopePayload(await readEntry(entry, LARGEST_SEAL))).manifest;
  } catch (error) {
    throw new PristineError('E_EVIDENCE_INVALID', `the bundle has no readable seal: ${briefly(error)}`, {
      next: 'Run "pristine evidence verify" on it to see what is wrong.',
      cause: error,
    });
  }
}
