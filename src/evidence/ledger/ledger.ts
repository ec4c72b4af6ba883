import { constants, type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerEntry } from '../../contract/index.ts';
import { type Clock, PristineError, version } from '../../kernel/index.ts';
import { lockFile, privateFolder, replaceFile } from '../../linux/index.ts';
import { actor } from '../actor.ts';
import { stateFailure } from '../failures.ts';
import { type HostKey, hostKey } from '../seal/host-key.ts';
import { lineHash, parseEntry, signLine } from './entry.ts';
import { MAX_LINE, readTail } from './tail.ts';

export type LedgerAction = Exclude<LedgerEntry['action'], 'genesis'>;

export interface Appended {
  readonly entry: LedgerEntry;
  /** Byte position of the entry's line in the ledger. */
  readonly start: number;
  /** Byte position behind its newline. */
  readonly end: number;
}

/** The record of custody of a state directory: `ledger.jsonl`, and `ledger.head` with its signed end. */
export interface Ledger {
  /** Adds an entry; resolves once it is on disk. Other processes may append at the same time. */
  append(
    action: LedgerAction,
    bundle: string | null,
    detail?: Readonly<Record<string, string>>,
  ): Promise<Appended>;
  /** The lines from one entry to another, both included. */
  segment(from: Appended, to: Appended): Promise<Buffer>;
}

export function ledgerPath(stateDirectory: string): string {
  return join(stateDirectory, 'ledger.jsonl');
}

export function headPath(ledger: string): string {
  return join(ledger, '..', 'ledger.head');
}

export function openLedger(stateDirectory: string, clock: Clock): Ledger {
  const path = ledgerPath(stateDirectory);
  return {
    async append(action, bundle, detail = {}) {
      try {
        await privateFolder(stateDirectory);
        const key = await hostKey(stateDirectory);
        await using file = await open(
          path,
          constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
          0o600,
        );
        if (!(await lockFile(file.fd, LONGEST_WAIT_MS))) throw locked(path);
        const scribe = new Scribe(file, headPath(path), key, clock);
        return await scribe.append(action, bundle, detail);
      } catch (error) {
        throw stateFailure(error, 'writing to the ledger', stateDirectory);
      }
    },
    async segment(from, to) {
      await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      const bytes = Buffer.alloc(to.end - from.start);
      await file.read(bytes, 0, bytes.length, from.start);
      return bytes;
    },
  };
}

/** An entry takes milliseconds; whoever holds the lock longer hangs. */
const LONGEST_WAIT_MS = 20_000;

function locked(path: string): PristineError {
  return new PristineError('E_STATE_LOCKED', `another process has held the ledger ${path} for too long`, {
    next: 'See with "fuser -v" which process it is, and end it if it hangs.',
  });
}

/** Writes entries while the ledger is locked. */
class Scribe {
  readonly #file: FileHandle;
  readonly #headPath: string;
  readonly #key: HostKey;
  readonly #clock: Clock;

  constructor(file: FileHandle, head: string, key: HostKey, clock: Clock) {
    this.#file = file;
    this.#headPath = head;
    this.#key = key;
    this.#clock = clock;
  }

  async append(
    action: LedgerAction,
    bundle: string | null,
    detail: Readonly<Record<string, string>>,
  ): Promise<Appended> {
    const tail = await readTail(this.#file, this.#headPath, this.#key);
    if (tail.seq > 0) return this.#write(action, bundle, { ...detail, ...tail.notes }, tail);
    const genesis = await this.#write('genesis', null, { keyId: this.#key.keyId, ...tail.notes }, tail);
    const previous = lineHash(await this.#lineOf(genesis));
    return this.#write(action, bundle, detail, { seq: 1, previous, end: genesis.end });
  }

  async #write(
    action: LedgerEntry['action'],
    bundle: string | null,
    detail: Readonly<Record<string, string>>,
    { seq, previous, end }: { seq: number; previous: string; end: number },
  ): Promise<Appended> {
    const at = this.#clock.now().toISOString();
    const unsigned = { seq, at, action, bundle, actor: actor(), version, detail, previous };
    const line = Buffer.from(signLine(unsigned, this.#key.privateKey));
    if (line.length > MAX_LINE) throw new RangeError('ledger entry too long');
    const head = signLine({ seq, hash: lineHash(line), at }, this.#key.privateKey);
    const writeHead = () => replaceFile(this.#headPath, `${head}\n`);
    try {
      await this.#file.truncate(end);
      // An entry without any head is one whose head was taken away, hence the first one's comes before it.
      if (action === 'genesis') await writeHead();
      await this.#file.write(Buffer.concat([line, NEWLINE]), 0, line.length + 1, end);
      await this.#file.sync();
      if (action !== 'genesis') await writeHead();
    } catch (error) {
      // A full disk must not leave half an entry, nor one that the caller believes failed.
      await this.#file.truncate(end);
      if (action === 'genesis') await rm(this.#headPath, { force: true });
      throw error;
    }
    return { entry: parseEntry(line), start: end, end: end + line.length + 1 };
  }

  async #lineOf({ start, end }: Appended): Promise<Buffer> {
    const line = Buffer.alloc(end - start - 1);
    await this.#file.read(line, 0, line.length, start);
    return line;
  }
}

const NEWLINE = Buffer.from('\n');
