import { constants, open } from 'node:fs/promises';
import type { LedgerEntry } from '../../contract/index.ts';
import { systemErrorCode } from '../../kernel/index.ts';
import { parseEntry } from './entry.ts';
import { linesOf } from './lines.ts';

/** Entries about a bundle, oldest first; lines that cannot be read are left to `verifyLedger`. */
export async function entriesAbout(ledger: string, bundle: string): Promise<LedgerEntry[]> {
  return entriesWith(ledger, bundle, (entry) => entry.bundle === bundle);
}

/** Entries about an incident, its captures among them, oldest first. */
export async function entriesOfIncident(ledger: string, incident: string): Promise<LedgerEntry[]> {
  return entriesWith(ledger, incident, ({ detail }) => detail.incident === incident);
}

/** Every entry that can be read, oldest first. */
export async function* eachEntry(ledger: string, text = ''): AsyncGenerator<LedgerEntry> {
  try {
    await using file = await open(ledger, constants.O_RDONLY | constants.O_NOFOLLOW);
    for await (const { line } of linesOf(file)) {
      const entry = line.includes(text) ? readable(line) : undefined;
      if (entry !== undefined) yield entry;
    }
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

async function entriesWith(
  ledger: string,
  text: string,
  fits: (entry: LedgerEntry) => boolean,
): Promise<LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  for await (const entry of eachEntry(ledger, text)) if (fits(entry)) entries.push(entry);
  return entries;
}

function readable(line: Buffer): LedgerEntry | undefined {
  try {
    return parseEntry(line);
  } catch {
    return undefined;
  }
}
