import type { KeyObject } from 'node:crypto';
import type { BundleFile, BundleManifest, VerifyProblem } from '../../contract/index.ts';
import { briefly } from '../briefly.ts';
import type { BundleSource } from '../bundle/entries.ts';
import { readEntry } from '../bundle/source.ts';
import { openEnvelope } from '../seal/dsse.ts';
import { sha256 } from '../seal/seal.ts';
import { readStatement, SEAL_FILE, SUMS_FILE, sumsText } from '../seal/statement.ts';
import { missing } from './check-file.ts';

const LARGEST_SEAL = 64 << 20;

export interface SealCheck {
  readonly problems: VerifyProblem[];
  readonly manifest: BundleManifest | null;
  /** SHA-256 of the seal's file; null when it is missing. */
  readonly digest: string | null;
  /** Whether the manifest carries a good signature. */
  readonly trusted: boolean;
  /** Files to compare; from SHA256SUMS alone (sizes -1) when the seal cannot be read. */
  readonly files: readonly BundleFile[];
}

/** Checks the signed statement, and SHA256SUMS against it. */
export async function checkSeal(source: BundleSource, publicKey: KeyObject): Promise<SealCheck> {
  const problems: VerifyProblem[] = [];
  const sums = await read(source, SUMS_FILE, problems);
  const seal = await read(source, SEAL_FILE, problems);
  if (seal !== null) {
    const digest = sha256(seal);
    try {
      const { payload, wrong } = openEnvelope(seal, publicKey);
      if (wrong !== null) problems.push({ subject: SEAL_FILE, problem: 'signature', detail: wrong });
      const { manifest, sumsDigest } = readStatement(payload);
      if (sums !== null && (sha256(sums) !== sumsDigest || sums.toString('latin1') !== sumsText(manifest))) {
        problems.push({ subject: SUMS_FILE, problem: 'changed', detail: 'is not the list that was sealed' });
      }
      return { problems, manifest, digest, trusted: wrong === null, files: manifest.files };
    } catch (error) {
      problems.push({ subject: SEAL_FILE, problem: 'malformed', detail: briefly(error) });
      return { problems, manifest: null, digest, trusted: false, files: filesOf(sums) };
    }
  }
  return { problems, manifest: null, digest: null, trusted: false, files: filesOf(sums) };
}

async function read(source: BundleSource, path: string, problems: VerifyProblem[]): Promise<Buffer | null> {
  const entry = source.entries.get(path);
  if (entry === undefined) {
    problems.push(missing(path));
    return null;
  }
  try {
    return await readEntry(entry, LARGEST_SEAL);
  } catch (error) {
    problems.push({ subject: path, problem: 'malformed', detail: briefly(error) });
    return null;
  }
}

/** What can be read of SHA256SUMS, so that damaged files are named even without a seal. */
function filesOf(sums: Buffer | null): BundleFile[] {
  const lines = sums?.toString('latin1').matchAll(/^([0-9a-f]{64}) {2}([\w./-]+)$/gm) ?? [];
  return [...lines].map(([, digest, path]) => ({ path: path ?? '', sha256: digest ?? '', size: -1 }));
}
