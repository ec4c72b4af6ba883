import type { KeyObject } from 'node:crypto';
import { constants, open, readFile } from 'node:fs/promises';
import type { LedgerEntry, VerifyProblem } from '../../contract/index.ts';
import { systemErrorCode } from '../../kernel/index.ts';
import { briefly } from '../briefly.ts';
import { lineHash, NO_PREVIOUS, parseEntry, parseHead, signatureFits } from './entry.ts';
import { headPath } from './ledger.ts';
import { linesOf } from './lines.ts';
import { MAX_LINE } from './tail.ts';

export interface LedgerReport {
  readonly entries: number;
  readonly problems: VerifyProblem[];
}

/** Follows the lines of a ledger, or of a piece of one, and notes what is wrong with each. */
export class ChainChecker {
  readonly problems: VerifyProblem[] = [];
  readonly #key: KeyObject;
  #previous: string | undefined;
  #seq: number | undefined;
  lines = 0;

  /** @param whole false for a piece of a ledger, whose first entry may be any */
  constructor(key: KeyObject, whole: boolean) {
    this.#key = key;
    if (whole) [this.#previous, this.#seq] = [NO_PREVIOUS, 0];
  }

  /** Seq and hash of the last line seen. */
  get last(): { seq: number; hash: string } | undefined {
    if (this.#seq === undefined || this.#previous === undefined || this.lines === 0) return undefined;
    return { seq: this.#seq - 1, hash: this.#previous };
  }

  /** @returns the entry, when its line can be read at all */
  take(line: Buffer): LedgerEntry | undefined {
    this.lines++;
    const entry = this.#parse(line);
    const expected = this.#seq ?? entry?.seq ?? 0;
    if (entry !== undefined) this.#check(entry, expected);
    this.#previous = lineHash(line);
    this.#seq = Math.max(expected, entry?.seq ?? 0) + 1;
    return entry;
  }

  #parse(line: Buffer): LedgerEntry | undefined {
    try {
      return parseEntry(line);
    } catch (error) {
      this.#note(this.#seq, 'malformed', briefly(error));
      return undefined;
    }
  }

  #check(entry: LedgerEntry, expected: number): void {
    if (!signatureFits(entry, this.#key))
      this.#note(entry.seq, 'signature', 'the signature does not fit the entry');
    if (entry.seq !== expected) this.#note(entry.seq, 'order', `entry ${expected} should be here`);
    else if (this.#previous !== undefined && entry.previous !== this.#previous) {
      this.#note(entry.seq, 'order', 'does not follow from the entry before it');
    }
    if (entry.detail.head !== undefined) {
      this.#note(
        entry.seq,
        'truncated',
        'ledger.head was missing when this was written: entries may be lost',
      );
    }
  }

  #note(seq: number | undefined, problem: VerifyProblem['problem'], detail: string): void {
    this.problems.push({ subject: seq === undefined ? 'ledger' : `ledger:${seq}`, problem, detail });
  }
}

/**
 * Checks a whole ledger: form, signature and order of every entry, and its end against the signed head.
 *
 * @param path the ledger file; `ledger.head` is beside it
 */
export async function verifyLedger(path: string, publicKey: KeyObject): Promise<LedgerReport> {
  const checker = new ChainChecker(publicKey, true);
  const { problems } = checker;
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    for await (const { line, ended } of linesOf(file)) {
      checker.take(line);
      if (!ended)
        problems.push({ subject: 'ledger', problem: 'truncated', detail: 'the last line has no end' });
    }
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    problems.push({ subject: 'ledger', problem: 'missing', detail: `${path} is not there` });
  }
  await checkHead(headPath(path), publicKey, checker);
  return { entries: checker.lines, problems };
}

async function checkHead(path: string, publicKey: KeyObject, checker: ChainChecker): Promise<void> {
  const note = (problem: VerifyProblem['problem'], detail: string) =>
    checker.problems.push({ subject: 'ledger.head', problem, detail });
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_LINE || bytes.at(-1) !== 10) throw new Error('does not end as it must');
    const head = parseHead(bytes.subarray(0, -1));
    const { last } = checker;
    if (!signatureFits(head, publicKey)) note('signature', 'the signature does not fit the head');
    else if (last === undefined || head.seq > last.seq) {
      const detail = `the head was signed for entry ${head.seq}, the ledger ends with ${last?.seq ?? 'none'}`;
      checker.problems.push({ subject: `ledger:${head.seq}`, problem: 'truncated', detail });
    } else if (head.seq === last.seq && head.hash !== last.hash)
      note('changed', 'the last entry is not the one signed');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') note('missing', `${path} is not there`);
    else if (systemErrorCode(error) !== undefined) throw error;
    else note('malformed', briefly(error));
  }
}
