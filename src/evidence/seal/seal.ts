import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { BundleManifest } from '../../contract/index.ts';
import { writeNewFile } from '../../linux/index.ts';
import { signEnvelope } from './dsse.ts';
import type { HostKey } from './host-key.ts';
import { readStatement, SEAL_FILE, SUMS_FILE, statementBytes, sumsText } from './statement.ts';

/** Writes a bundle's SHA256SUMS and its signed statement; answers with the SHA-256 of the signed file. */
export async function writeSeal(folder: string, manifest: BundleManifest, key: HostKey): Promise<string> {
  const sums = sumsText(manifest);
  const payload = statementBytes(manifest, sha256(sums));
  // What could not be read again must not be sealed.
  readStatement(payload);
  const envelope = signEnvelope(payload, key.privateKey, key.keyId);
  await Promise.all([
    writeNewFile(join(folder, SUMS_FILE), sums),
    writeNewFile(join(folder, SEAL_FILE), envelope),
  ]);
  return sha256(envelope);
}

/** SHA-256 as lower-case hex. */
export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
