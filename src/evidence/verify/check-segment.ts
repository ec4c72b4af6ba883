import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { LedgerEntry, VerifyProblem } from '../../contract/index.ts';
import { messageOf, systemErrorCode } from '../../kernel/index.ts';
import type { BundleSource } from '../bundle/entries.ts';
import { readEntry } from '../bundle/source.ts';
import { ChainChecker } from '../ledger/verify-ledger.ts';
import { LEDGER_FILE } from '../seal/statement.ts';
import { missing } from './check-file.ts';
import type { SealCheck } from './check-seal.ts';

const LARGEST_SEGMENT = 64 << 20;

/** Checks the bundle's piece of the ledger: from its `capture` to the `seal` that names the seal's digest. */
export async function checkSegment(
  source: BundleSource,
  seal: SealCheck,
  { publicKey, ledger }: { publicKey: KeyObject; ledger?: string },
): Promise<VerifyProblem[]> {
  const entry = source.entries.get(LEDGER_FILE);
  if (entry === undefined) return [missing(LEDGER_FILE)];
  let bytes: Buffer;
  try {
    bytes = await readEntry(entry, LARGEST_SEGMENT);
  } catch (error) {
    return [{ subject: LEDGER_FILE, problem: 'malformed', detail: messageOf(error) }];
  }
  const problems = checkLines(bytes, seal, publicKey);
  if (ledger !== undefined) problems.push(...(await checkRecorded(bytes, ledger)));
  return problems;
}

function checkLines(bytes: Buffer, seal: SealCheck, publicKey: KeyObject): VerifyProblem[] {
  const checker = new ChainChecker(publicKey, false);
  const { problems } = checker;
  const note = (problem: VerifyProblem['problem'], detail: string) =>
    problems.push({ subject: LEDGER_FILE, problem, detail });
  if (bytes.at(-1) !== NEWLINE) note('truncated', 'the last line has no end');
  const entries = linesOf(bytes).map((line) => checker.take(line));
  const [first, last] = [entries[0], entries.at(-1)];
  const bundle = seal.manifest?.bundle ?? first?.bundle ?? null;
  if (!isOf(first, 'capture', bundle)) note('truncated', 'does not begin with the capture of this bundle');
  if (!isOf(last, 'seal', bundle)) note('truncated', 'does not end with the seal of this bundle');
  else if (seal.digest !== null && last?.detail.seal !== seal.digest) {
    problems.push({
      subject: `ledger:${last?.seq}`,
      problem: 'not-recorded',
      detail: 'the seal in the bundle is not the one in the ledger',
    });
  }
  return problems;
}

/** The segment's lines must be in the host's ledger, byte for byte. */
async function checkRecorded(segment: Buffer, ledger: string): Promise<VerifyProblem[]> {
  try {
    const whole = await readFile(ledger);
    if (segment.length > 0 && whole.includes(segment)) return [];
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  return [{ subject: LEDGER_FILE, problem: 'not-recorded', detail: `is no part of the ledger ${ledger}` }];
}

const NEWLINE = 10;

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, at);
    lines.push(bytes.subarray(at, end === -1 ? bytes.length : end));
    at = end === -1 ? bytes.length : end + 1;
  }
  return lines;
}

function isOf(entry: LedgerEntry | undefined, action: LedgerEntry['action'], bundle: string | null): boolean {
  return entry?.action === action && entry.bundle === bundle;
}
