/** What is signed: an in-toto v1 statement whose predicate is the bundle's manifest. */
import { z } from 'zod';
import { type BundleManifest, bundleManifestSchema } from '../../contract/index.ts';
import { canonicalJson } from '../../kernel/index.ts';

const STATEMENT = 'https://in-toto.io/Statement/v1';
const PREDICATE = 'urn:pristine-guard:evidence-bundle:v1';

/** Files of a bundle that its SHA256SUMS does not name. */
export const SUMS_FILE = 'SHA256SUMS';
export const SEAL_FILE = 'seal.dsse.json';
export const LEDGER_FILE = 'ledger.jsonl';

const statementSchema = z.strictObject({
  _type: z.literal(STATEMENT),
  subject: z.array(z.strictObject({ name: z.string(), digest: z.strictObject({ sha256: z.string() }) })),
  predicateType: z.literal(PREDICATE),
  predicate: bundleManifestSchema.strict(),
});

/** The bundle's files as `sha256sum` writes and checks them. */
export function sumsText(manifest: Pick<BundleManifest, 'files'>): string {
  return manifest.files.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('');
}

/** @param sumsDigest SHA-256 of the bundle's SHA256SUMS */
export function statementBytes(manifest: BundleManifest, sumsDigest: string): Buffer {
  const subject = [{ path: SUMS_FILE, sha256: sumsDigest }, ...manifest.items].map(({ path, sha256 }) => ({
    name: path,
    digest: { sha256 },
  }));
  const statement = { _type: STATEMENT, subject, predicateType: PREDICATE, predicate: manifest };
  return Buffer.from(canonicalJson(statement));
}

/**
 * Reads a statement; only the bytes that {@link statementBytes} would write are accepted.
 *
 * @throws {Error} when it is malformed
 */
export function readStatement(payload: Buffer): { manifest: BundleManifest; sumsDigest: string } {
  const statement = statementSchema.parse(JSON.parse(payload.toString('utf8')));
  const manifest = statement.predicate as BundleManifest;
  const sumsDigest = statement.subject.find(({ name }) => name === SUMS_FILE)?.digest.sha256 ?? '';
  if (!statementBytes(manifest, sumsDigest).equals(payload))
    throw new Error('statement is not in canonical form');
  return { manifest, sumsDigest };
}
