import { constants, open } from 'node:fs/promises';
import type { LedgerEntry } from '../../contract/index.ts';
import { parseEntry } from './entry.ts';
import { linesOf } from './lines.ts';

/** Entries about a bundle, oldest first; lines that cannot be read are left to `verifyLedger`. */
export async function entriesAbout(ledger: string, bundle: string): Promise<LedgerEntry[]> {
  await using file = await open(ledger, constants.O_RDONLY | constants.O_NOFOLLOW);
  const entries: LedgerEntry[] = [];
  for await (const { line } of linesOf(file)) {
    if (!line.includes(bundle)) continue;
    const entry = readable(line);
    if (entry?.bundle === bundle) entries.push(entry);
  }
  return entries;
}

function readable(line: Buffer): LedgerEntry | undefined {
  try {
    return parseEntry(line);
  } catch {
    return undefined;
  }
}
