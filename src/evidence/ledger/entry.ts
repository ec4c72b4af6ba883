/** Lines of the ledger and its head: canonical JSON, each signed; see docs/evidence.md. */
import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { type LedgerEntry, ledgerEntrySchema } from '../../contract/index.ts';
import { canonicalJson } from '../../kernel/index.ts';
import { strictBase64 } from '../seal/dsse.ts';
import { sha256 } from '../seal/seal.ts';

/** `previous` of the first entry. */
export const NO_PREVIOUS = '0'.repeat(64);

const headSchema = z.strictObject({
  seq: z.int().min(0),
  /** SHA-256 of the last entry's line. */
  hash: z.string(),
  at: z.iso.datetime(),
  signature: z.string(),
});
export type LedgerHead = z.infer<typeof headSchema>;

type Unsigned<T> = Omit<T, 'signature'>;

/** A signed line, without the newline. */
export function signLine(value: Unsigned<LedgerEntry> | Unsigned<LedgerHead>, key: KeyObject): string {
  const signature = sign(null, Buffer.from(canonicalJson(value)), key).toString('base64');
  return canonicalJson({ ...value, signature });
}

/** SHA-256 that the next entry names as its `previous`. */
export function lineHash(line: string | Uint8Array): string {
  return sha256(line);
}

/** @throws {Error} when the line is not exactly what {@link signLine} writes */
export function parseEntry(line: Buffer): LedgerEntry {
  return parseCanonical(line, ledgerEntrySchema.strict());
}

/** @throws {Error} when the line is not exactly what {@link signLine} writes */
export function parseHead(line: Buffer): LedgerHead {
  return parseCanonical(line, headSchema);
}

/** Whether the signature is right, and written in the one canonical way. */
export function signatureFits(value: LedgerEntry | LedgerHead, key: KeyObject): boolean {
  const { signature, ...unsigned } = value;
  try {
    return verify(null, Buffer.from(canonicalJson(unsigned)), key, strictBase64(signature));
  } catch {
    return false;
  }
}

function parseCanonical<T>(line: Buffer, schema: z.ZodType<T>): T {
  const value = schema.parse(JSON.parse(line.toString('utf8')));
  if (!Buffer.from(canonicalJson(value)).equals(line)) throw new Error('not in canonical form');
  return value;
}
